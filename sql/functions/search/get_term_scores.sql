-- BM25 (Robertson & Zaragoza, 2009) of the items that have some of a query's terms:
--     score(i) = sum over terms t of weight(t) * count(t) * idf(t) * impact(t, i),  idf(t) = ln(1 + (N - n_t + 0.5) / (n_t + 0.5))
-- with the impacts of search_terms and the counts of the terms in the query. weight is 1; for a word that no item has, the three
-- most frequent terms that differ from it in a letter stand in with 0.5. Of a frequent term the 500 greatest impacts count.
create function cinelibre.get_term_scores(p_terms text[], p_counts integer[])
returns table (item_id integer, score double precision)
language plpgsql stable
rows 2000
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return query
    with total as (
        select greatest(1, coalesce((select c.item_count from public.search_term_counts c where c.term = ''), 1)) as items
    ),
    asked as materialized (
        select a.term, a.number, c.item_count
        from unnest(p_terms, p_counts) as a (term, number)
        left join public.search_term_counts c on c.term = a.term
    ),
    wanted as (
        select a.term, a.number::double precision as number, coalesce(a.item_count, 1) as item_count from asked a
        union all
        select near.term, a.number::double precision / 2, near.item_count
        from asked a
        cross join lateral (
            select c.term, c.item_count
            from public.search_term_counts c
            where public.deletions(c.term) operator(pg_catalog.&&) public.deletions(a.term)
            order by c.item_count desc
            limit 3
        ) near
        where a.item_count is null and a.term !~ '^[0-9]+$'
    ),
    weighted as materialized (
        select
            w.term,
            w.number * ln(1 + (t.items - least(t.items, w.item_count) + 0.5)::double precision / (w.item_count + 0.5)) as weight
        from wanted w
        cross join total t
    )
    select p.item_id, sum(w.weight * p.impact)
    from weighted w
    cross join lateral (
        select s.item_id, s.impact from public.search_terms s where s.term = w.term order by s.impact desc limit 500
    ) p
    group by p.item_id;
end
$$;
