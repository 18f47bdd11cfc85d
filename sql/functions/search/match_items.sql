-- Nearest items of one type, or of both, to a query vector: match_movies and match_books merged by similarity.
create function cinelibre.match_items(
    query_embedding public.vector(384),
    match_count integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_after_similarity double precision default null,
    p_after_id integer default null,
    p_without_rated_by integer default null
) returns table (item_id integer, similarity double precision)
language plpgsql stable
rows 20
as $$
begin
    return query
    select nearest.* from (
        select * from cinelibre.match_movies(
            query_embedding, match_count, p_languages, p_genres, p_year_from, p_year_to, p_after_similarity, p_after_id,
            p_without_rated_by
        ) where p_item_type is distinct from 'book'
        union all
        select * from cinelibre.match_books(
            query_embedding, match_count, p_languages, p_genres, p_year_from, p_year_to, p_after_similarity, p_after_id,
            p_without_rated_by
        ) where p_item_type is distinct from 'movie'
    ) nearest (item_id, similarity)
    order by nearest.similarity desc, nearest.item_id
    limit match_count;
end
$$;
