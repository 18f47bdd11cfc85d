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
language plpgsql stable
rows 20
set hnsw.iterative_scan = 'strict_order'
set hnsw.ef_search = 100
-- A filter may pass the whole catalogue by before a page is full.
set hnsw.max_scan_tuples = 1000000
set plan_cache_mode = 'force_custom_plan'
-- The index is in memory; priced as on a disk, it would lose to computing every distance.
set random_page_cost = 1
as $$
begin
    if query_embedding is null then
        return;
    end if;
    -- The index orders by distances that can differ from <=> in the last bits: a few more rows than wanted, ordered by what is
    -- returned, so that no page begins before the last one ended.
    if p_languages is null and p_genres is null and p_year_from is null and p_year_to is null then
        -- Without a join, which would tempt the planner away from the vector index.
        return query
        select nearest.book_id, 1 - nearest.distance
        from (
            select b.book_id, b.embedding <=> query_embedding as distance
            from public.books b
            where b.embedding is not null
                and b.book_id not in (select h.item_id from cinelibre.hidden_items h)
                and (
                    p_without_rated_by is null
                    or b.book_id not in (select seen.item_id from public.ratings seen where seen.user_id = p_without_rated_by)
                )
                and (
                    p_after_similarity is null
                    or 1 - (b.embedding <=> query_embedding) < p_after_similarity
                    or (1 - (b.embedding <=> query_embedding) = p_after_similarity and b.book_id > p_after_id)
                )
            order by distance, b.book_id
            limit match_count + 10
        ) nearest
        order by nearest.distance, nearest.book_id
        limit match_count;
    else
        -- With a join, so that a rare filter is looked up and only what passes it is compared.
        return query
        select nearest.book_id, 1 - nearest.distance
        from (
            select b.book_id, b.embedding <=> query_embedding as distance
            from public.books b
            join public.items i on i.item_id = b.book_id
            where b.embedding is not null
                and cinelibre.item_passes(i, null, p_languages, p_genres, p_year_from, p_year_to)
                and (
                    p_without_rated_by is null
                    or i.item_id not in (select seen.item_id from public.ratings seen where seen.user_id = p_without_rated_by)
                )
                and (
                    p_after_similarity is null
                    or 1 - (b.embedding <=> query_embedding) < p_after_similarity
                    or (1 - (b.embedding <=> query_embedding) = p_after_similarity and b.book_id > p_after_id)
                )
            order by distance, b.book_id
            limit match_count + 10
        ) nearest
        order by nearest.distance, nearest.book_id
        limit match_count;
    end if;
end
$$;
