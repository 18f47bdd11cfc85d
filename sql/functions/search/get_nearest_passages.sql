-- The items of the passages whose vectors have the greatest inner products with the query's, in any order, an item as often as it
-- has some: p_limit passages of stories and a third as many credits, each over an HNSW index of its own (Malkov & Yashunin, 2018).
-- With p_among exactly, of these items only; with filters the indexes' iterative scans go on until enough pass.
-- The larger the graph of stories, the more of it is looked at (hnsw.ef_search), for .98 of the nearest ten. Credits are looked
-- through less thoroughly: names and words have indexes of their own.
create function cinelibre.get_nearest_passages(
    p_query public.halfvec(384),
    p_limit integer default 150,
    p_among integer[] default null,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_people text[] default null,
    p_min_stars double precision default null
) returns integer[]
language plpgsql stable
-- In strict order the scan would leave out what it comes upon late; search orders by scores of its own.
set hnsw.iterative_scan = 'relaxed_order'
set hnsw.ef_search = 350
-- A filter may pass the whole catalogue by before enough are found.
set hnsw.max_scan_tuples = 1000000
set plan_cache_mode = 'force_generic_plan'
-- The index is in memory; priced as on a disk, it would lose to computing every product.
set random_page_cost = 1
as $$
declare
    is_filtered constant boolean := num_nonnulls(
        p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
    ) > 0;
    found integer[];
begin
    if p_among is not null then
        return array(
            select p.item_id from public.passages p
            where p.item_id = any (p_among) and p.place >= 0
            order by (p.embedding operator(public.<#>) p_query) + 0 limit p_limit
        );
    end if;
    perform set_config('hnsw.ef_search', least(350, greatest(p_limit, 2.4 * sqrt(c.reltuples)))::integer::text, true)
    from pg_catalog.pg_class c
    -- Unknown before the first vacuum or analyze.
    where c.oid = 'public.passages_story_idx'::regclass and c.reltuples >= 0;
    if is_filtered then
        found := array(
            select p.item_id from public.passages p
            where p.place > 0
                and (
                    select cinelibre.search_passes(
                        i, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
                    )
                    from public.items i
                    where i.item_id = p.item_id
                )
            order by p.embedding operator(public.<#>) p_query limit p_limit
        );
        perform set_config('hnsw.ef_search', '64', true);
        return found || array(
            select p.item_id from public.passages p
            where p.place = 0
                and (
                    select cinelibre.search_passes(
                        i, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
                    )
                    from public.items i
                    where i.item_id = p.item_id
                )
            order by p.embedding operator(public.<#>) p_query limit p_limit / 3
        );
    end if;
    found := array(
        select p.item_id from public.passages p
        where p.place > 0 and p.item_id not in (select h.item_id from cinelibre.hidden_items h)
        order by p.embedding operator(public.<#>) p_query limit p_limit
    );
    perform set_config('hnsw.ef_search', '64', true);
    return found || array(
        select p.item_id from public.passages p
        where p.place = 0 and p.item_id not in (select h.item_id from cinelibre.hidden_items h)
        order by p.embedding operator(public.<#>) p_query limit p_limit / 3
    );
end
$$;
