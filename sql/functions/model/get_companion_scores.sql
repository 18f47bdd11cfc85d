-- What the items that a user likes say for the items beside them, for all of these that the user has not rated:
--     score(u, i) = sum over the latest 300 rated items j of value(stars(u, j)) * lift(j, i),
--     lift(j, i) = P(i liked | j liked) - P(i liked)
-- (Deshpande & Karypis, TOIS 2004). It needs to know nothing else of the user, and so leads after the first ratings.
create function cinelibre.get_companion_scores(p_user_id integer)
returns table (item_id integer, score double precision)
language sql stable
rows 1000
as $$
    with latest as materialized (
        select r.item_id, s.companion_values[r.half_stars] as value
        from public.ratings r
        cross join model.settings s
        where r.user_id = p_user_id
        order by r.updated_at desc, r.item_id
        limit 300
    ),
    sums as (
        select n.id, sum(l.value * n.lift) as score
        from latest l
        join model.neighbors b on b.item_id = l.item_id
        cross join lateral unnest(b.companion_ids, b.lifts) as n (id, lift)
        where l.value <> 0
        group by n.id
    )
    select s.id, s.score
    from sums s
    where s.id not in (select seen.item_id from public.ratings seen where seen.user_id = p_user_id)
$$;
