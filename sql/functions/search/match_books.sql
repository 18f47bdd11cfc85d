-- Nearest books to a query vector; everything else as match_movies.
create function cinelibre.match_books(
    query_embedding public.vector(384),
    match_count integer default 20,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_after_similarity double precision default null,
    p_after_id integer default null,
    p_without_rated_by integer default null
) returns table (book_id integer, similarity double precision)
language sql stable
rows 20
set hnsw.iterative_scan = 'strict_order'
set hnsw.ef_search = 100
set plan_cache_mode = 'force_custom_plan'
as $$
    -- The index orders by distances that can differ from <=> in the last bits: a few more rows than wanted, ordered by what is
    -- returned, so that no page begins before the last one ended.
    select nearest.book_id, nearest.similarity
    from (
        select b.book_id, 1 - (b.embedding <=> query_embedding) as similarity
        from public.books b
        join public.items i on i.item_id = b.book_id
        where b.embedding is not null
            and query_embedding is not null
            and cinelibre.item_passes(i, null, p_languages, p_genres, p_year_from, p_year_to)
            and not exists (
                select from public.ratings seen where seen.user_id = p_without_rated_by and seen.item_id = b.book_id
            )
            and (
                p_after_similarity is null
                or 1 - (b.embedding <=> query_embedding) < p_after_similarity
                or (1 - (b.embedding <=> query_embedding) = p_after_similarity and b.book_id > p_after_id)
            )
        order by b.embedding <=> query_embedding, b.book_id
        limit match_count + 10
    ) nearest
    order by nearest.similarity desc, nearest.book_id
    limit match_count
$$;
