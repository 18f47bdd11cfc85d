-- Matrix factorisation (implicit feedback; Hu, Koren & Volinsky, ICDM 2008) with the user's latest ratings folded in: the items
-- whose factors fit the user's taste_vector best, see get_user_profile and match_factors. Rated items are left out.
create function cinelibre.get_factor_recommendations(
    p_user_id integer,
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_after_score double precision default null,
    p_after_id integer default null
) returns table (item_id integer, score double precision)
language plpgsql volatile
rows 20
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    profile constant cinelibre.user_profile := cinelibre.get_user_profile(p_user_id);
begin
    if profile.taste_vector is null then
        return;
    end if;
    return query
    select m.item_id, m.score
    from cinelibre.match_factors(
        profile.taste_vector, p_limit, p_item_type, p_languages, p_genres, p_year_from, p_year_to,
        p_after_score, p_after_id,
        array(select r.item_id from public.ratings r where r.user_id = p_user_id)
    ) m
    -- It may have gone from the catalogue since the training.
    join public.items i on i.item_id = m.item_id
    order by m.score desc, m.item_id;
end
$$;
