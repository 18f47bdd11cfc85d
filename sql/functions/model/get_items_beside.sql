-- The items that the items a user rated point to, each to its strongest neighbours: so many that 250 are looked
-- at in all, whether somebody rated 5 items or 50. score is the sum of value * weight of what was looked at:
-- it orders candidates, whose score is another.
create function cinelibre.get_items_beside(p_item_ids integer[], p_values double precision[])
returns table (item_id integer, score double precision)
language sql stable
rows 500
as $$
    select n.id, sum(g.value * n.weight)
    from unnest(p_item_ids, p_values) as g (id, value)
    join model.neighbors b on b.item_id = g.id
    cross join lateral unnest(
        b.neighbor_ids[1 : 250 / cardinality(p_item_ids)], b.weights[1 : 250 / cardinality(p_item_ids)]
    ) as n (id, weight)
    group by n.id
$$;

-- The same for companions.
create function cinelibre.get_companions(p_item_ids integer[])
returns table (item_id integer, score double precision)
language sql stable
rows 500
as $$
    select n.id, sum(n.lift)::double precision
    from unnest(p_item_ids) as g (id)
    join model.neighbors b on b.item_id = g.id
    cross join lateral unnest(
        b.companion_ids[1 : 250 / cardinality(p_item_ids)], b.lifts[1 : 250 / cardinality(p_item_ids)]
    ) as n (id, lift)
    group by n.id
$$;
