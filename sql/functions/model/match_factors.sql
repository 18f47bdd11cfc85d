-- The items whose factors fit a user's best: score = taste_factors . taste_vector, over the HNSW index (Malkov & Yashunin,
-- 2018), whose iterative scan goes on until the filters have let enough rows pass. Filters and paging as in match_movies.
create function cinelibre.match_factors(
    p_taste_vector public.vector,
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_after_score double precision default null,
    p_after_id integer default null,
    p_without_ids integer[] default '{}'
) returns table (item_id integer, score double precision)
language plpgsql stable
rows 100
set hnsw.iterative_scan = 'strict_order'
set hnsw.ef_search = 100
-- A filter may pass all items by before a page is full.
set hnsw.max_scan_tuples = 1000000
set plan_cache_mode = 'force_generic_plan'
-- The index is in memory; priced as on a disk, it would lose to computing every product.
set random_page_cost = 1
as $$
begin
    -- As in match_movies: a few more rows than wanted, ordered again by what is returned.
    return query
    select nearest.item_id, -nearest.distance
    from (
        select m.item_id, m.taste_factors <#> p_taste_vector as distance
        from model.items m
        where m.item_id <> 0
            and m.item_id not in (select w.id from unnest(p_without_ids) as w (id))
            and m.item_id not in (select h.item_id from cinelibre.hidden_items h)
            and (
                num_nonnulls(p_item_type, p_languages, p_genres, p_year_from, p_year_to) = 0
                or (
                    select cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
                    from public.items i
                    where i.item_id = m.item_id
                )
            )
            and (
                p_after_score is null
                or -(m.taste_factors <#> p_taste_vector) < p_after_score
                or (-(m.taste_factors <#> p_taste_vector) = p_after_score and m.item_id > p_after_id)
            )
        order by distance, m.item_id
        limit p_limit + 10
    ) nearest
    order by nearest.distance, nearest.item_id
    limit p_limit;
end
$$;
