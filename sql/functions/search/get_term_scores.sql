-- BM25 (Robertson & Zaragoza, 2009) of the items that have some of a query's terms:
--     score(i) = sum over terms t of count(t) * idf(t) * impact(t, i),  idf(t) = ln(1 + (N - n_t + 0.5) / (n_t + 0.5))
-- with the impacts of search_terms and the counts of the terms in the query. Of a frequent term the 2,000 greatest impacts count.
create function cinelibre.get_term_scores(p_terms text[], p_counts integer[])
returns table (item_id integer, score double precision)
language sql stable
rows 2000
as $$
    with total as (
        select greatest(1, coalesce((select c.item_count from public.search_term_counts c where c.term = ''), 1)) as items
    ),
    wanted as (
        select
            w.term,
            w.number * ln(1 + (t.items - least(t.items, coalesce(c.item_count, 1)) + 0.5) / (coalesce(c.item_count, 1) + 0.5))
                as weight
        from unnest(p_terms, p_counts) as w (term, number)
        cross join total t
        left join public.search_term_counts c on c.term = w.term
    )
    select p.item_id, sum(w.weight * p.impact)::double precision
    from wanted w
    cross join lateral (
        select s.item_id, s.impact from public.search_terms s where s.term = w.term order by s.impact desc limit 2000
    ) p
    group by p.item_id
$$;
