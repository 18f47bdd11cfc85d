-- What the items that a user rated say for the items beside them, for all of these that the user has not rated:
--     score(u, i) = sum over the latest 300 rated items j of value(stars(u, j)) * weight(j, i),
-- with the sparse weights of an item-item regression (Steck, WWW 2019 and NeurIPS 2020). A new rating counts without any training.
create function cinelibre.get_item_item_scores(p_user_id integer)
returns table (item_id integer, score double precision)
language sql stable
rows 1000
as $$
    with latest as materialized (
        select r.item_id, s.rating_values[r.half_stars] as value
        from public.ratings r
        cross join model.settings s
        where r.user_id = p_user_id
        order by r.updated_at desc, r.item_id
        limit 300
    ),
    sums as (
        select n.id, sum(l.value * n.weight) as score
        from latest l
        join model.neighbors b on b.item_id = l.item_id
        cross join lateral unnest(b.neighbor_ids, b.weights) as n (id, weight)
        where l.value <> 0
        group by n.id
    )
    select s.id, s.score
    from sums s
    where s.id not in (select seen.item_id from public.ratings seen where seen.user_id = p_user_id)
$$;
