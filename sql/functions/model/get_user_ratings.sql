-- A user's ratings as the models read them.
create type cinelibre.user_ratings as (
    -- All rated items.
    item_ids integer[],
    -- By item, what the latest 300 ratings give to the items beside the item, and to its companions.
    item_values public.sparsevec,
    companion_values public.sparsevec,
    -- The latest 100 of each that give anything.
    giving_ids integer[],
    giving_values double precision[],
    liked_ids integer[]
);

-- The ratings as they are now; the vectors are null for a user without ratings, or without a model.
create function cinelibre.get_user_ratings(p_user_id integer) returns cinelibre.user_ratings
language plpgsql stable
as $$
declare
    ratings cinelibre.user_ratings;
begin
    ratings.item_ids := array(select r.item_id from public.ratings r where r.user_id = p_user_id);
    with latest as materialized (
        select
            l.item_id, s.rating_values[l.half_stars] as item_value, s.companion_values[l.half_stars] as companion_value,
            row_number() over (partition by s.rating_values[l.half_stars] > 0 order by l.updated_at desc, l.item_id) as giving,
            row_number() over (partition by s.companion_values[l.half_stars] > 0 order by l.updated_at desc, l.item_id) as liked
        from (
            select r.item_id, r.half_stars, r.updated_at
            from public.ratings r
            where r.user_id = p_user_id
            order by r.updated_at desc, r.item_id
            limit 300
        ) l
        cross join model.settings s
    )
    select
        ('{' || string_agg(l.item_id || ':' || l.item_value, ',') || '}/1000000000')::public.sparsevec,
        ('{' || string_agg(l.item_id || ':' || l.companion_value, ',') || '}/1000000000')::public.sparsevec,
        array_agg(l.item_id) filter (where l.item_value > 0 and l.giving <= 100),
        array_agg(l.item_value) filter (where l.item_value > 0 and l.giving <= 100),
        array_agg(l.item_id) filter (where l.companion_value > 0 and l.liked <= 100)
    into ratings.item_values, ratings.companion_values, ratings.giving_ids, ratings.giving_values, ratings.liked_ids
    from latest l;
    return ratings;
end
$$;
