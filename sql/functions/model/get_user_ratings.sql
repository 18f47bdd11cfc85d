-- A user's ratings as the models read them.
create type cinelibre.user_ratings as (
    -- All rated items.
    item_ids integer[],
    -- By item, what the latest 300 ratings give to the items beside the item, and to its companions.
    item_values public.sparsevec,
    companion_values public.sparsevec,
    -- The latest 50 of each that give anything.
    giving_ids integer[],
    giving_values double precision[],
    liked_ids integer[],
    liked_values double precision[]
);

-- The ratings as they are now; without a model they give nothing.
create function cinelibre.get_user_ratings(p_user_id integer) returns cinelibre.user_ratings
language plpgsql stable
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    ratings cinelibre.user_ratings;
begin
    ratings.item_ids := array(select r.item_id from public.ratings r where r.user_id = p_user_id);
    with latest as materialized (
        select l.item_id, s.rating_values[l.half_stars] as item_value, s.companion_values[l.half_stars] as companion_value
        from (
            select r.item_id, r.half_stars
            from public.ratings r
            where r.user_id = p_user_id
            order by r.updated_at desc, r.item_id
            limit 300
        ) l
        cross join model.settings s
    ),
    gathered as (
        -- In the order of `latest`.
        select
            array_agg(l.item_id) filter (where l.item_value > 0) as giving_ids,
            array_agg(l.item_value) filter (where l.item_value > 0) as giving_values,
            array_agg(l.item_id) filter (where l.companion_value > 0) as liked_ids,
            array_agg(l.companion_value) filter (where l.companion_value > 0) as liked_values,
            string_agg(l.item_id || ':' || l.companion_value, ',') filter (where l.companion_value > 0) as companion_values,
            string_agg(l.item_id || ':' || l.item_value, ',') filter (where l.item_value > 0) as item_values
        from latest l
    )
    select
        g.giving_ids[1:50], g.giving_values[1:50], g.liked_ids[1:50], g.liked_values[1:50],
        ('{' || coalesce(g.item_values, '') || '}/1000000000')::public.sparsevec,
        ('{' || coalesce(g.companion_values, '') || '}/1000000000')::public.sparsevec
    into
        ratings.giving_ids, ratings.giving_values, ratings.liked_ids, ratings.liked_values, ratings.item_values,
        ratings.companion_values
    from gathered g;
    return ratings;
end
$$;
