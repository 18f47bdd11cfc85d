-- The stars that a user would give to items, cut to 0.5..5.0:
--     predicted(u, i) = offset_i + output_i . u
-- with the user's stars_vector of get_user_profile; items that training has not seen count as item 0, the average one.
-- Bayesian matrix factorisation (Salakhutdinov & Mnih, ICML 2008) with what was rated as side information (Simm et al.,
-- 2015), its samples averaged into one Gaussian process over items (Yu et al., SIGIR 2009).
-- No row without a model, or for a user without ratings.
create function cinelibre.get_predicted_stars(p_user_id integer, p_item_ids integer[])
returns table (item_id integer, predicted_stars double precision)
language plpgsql volatile
rows 20
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    profile constant cinelibre.user_profile := cinelibre.get_user_profile(p_user_id);
begin
    if profile.stars_vector is null then
        return;
    end if;
    return query
    select w.item_id, cinelibre.predict_stars(i.stars_offset, i.stars_output, profile.stars_vector)
    from unnest(p_item_ids) as w (item_id)
    join model.items i
        on i.item_id = coalesce((select known.item_id from model.items known where known.item_id = w.item_id), 0);
end
$$;

-- The formula of get_predicted_stars for one item.
create function cinelibre.predict_stars(p_offset real, p_output public.vector, p_stars_vector public.vector)
returns double precision
language sql immutable parallel safe
return least(5.0, greatest(0.5, p_offset - (p_output operator(public.<#>) p_stars_vector)));
