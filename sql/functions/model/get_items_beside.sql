-- The items that the items a user rated point to, each to its strongest neighbours, or companions: so many that 250 are
-- looked at in all, whether somebody rated 5 items or 50. score is the sum of value * weight of what was looked at:
-- it orders candidates, whose score is another.
create function cinelibre.get_items_beside(
    p_item_ids integer[],
    p_values double precision[],
    p_companions boolean default false
) returns table (item_id integer, score double precision)
language sql stable
rows 500
as $$
    select n.id, sum(g.value * n.weight)
    from unnest(p_item_ids, p_values) as g (id, value)
    join model.neighbors b on b.item_id = g.id
    cross join lateral (
        select
            unnest((case when p_companions then b.companion_ids else b.neighbor_ids end)[1 : 250 / cardinality(p_item_ids)]) as id,
            unnest((case when p_companions then b.lifts else b.weights end)[1 : 250 / cardinality(p_item_ids)]) as weight
    ) n
    group by n.id
$$;
