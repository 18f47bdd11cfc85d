-- The best of get_predictions that pass the filters: user-based collaborative filtering, see there for the formula.
-- Keyset paging as in get_popular_items.
-- Volatile, because the neighbourhoods it keeps may have to be brought up to date.
create function cinelibre.get_collaborative_recommendations(
    p_user_id integer,
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_after_score double precision default null,
    p_after_id integer default null
) returns table (item_id integer, score double precision, predicted_stars double precision, neighbor_count integer)
language sql volatile
rows 20
-- So that a filter that is not asked for costs nothing.
set plan_cache_mode = 'force_custom_plan'
as $$
    select p.item_id, p.score, p.predicted_stars, p.neighbor_count
    from cinelibre.get_predictions(p_user_id) p
    where p.item_id not in (select h.item_id from cinelibre.hidden_items h)
        and (
            (p_item_type is null and p_languages is null and p_genres is null and p_year_from is null and p_year_to is null)
            or exists (
                select from public.items i
                where i.item_id = p.item_id
                    and cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
            )
        )
        and cinelibre.comes_after(p.score, p.item_id, p_after_score, p_after_id)
    order by p.score desc, p.item_id
    limit p_limit
$$;
