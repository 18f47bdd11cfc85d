-- The candidates of AUTO for a user with a profile, scored by the blend whose weights training learned:
--     score = 1 / (1 + exp(-sum over parts of weight * z)),  z = (part - mean) / standard deviation among the candidates
-- of the parts item_item, factors, stars, popularity and companions, with the weights for as many ratings as the user has.
-- Candidates are the best 200 by the item-item weights and 100 each by companions, factors and popularity, unrated and passing
-- the filters. source is the part that lifts an item most.
-- Blending: Jahrer, Töscher & Legenstein, "Combining predictions for accurate recommender systems", KDD 2010.
create function cinelibre.rank_candidates(
    p_user_id integer,
    p_profile cinelibre.user_profile,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null
) returns table (item_id integer, score double precision, source text)
language plpgsql stable
rows 300
-- Planning this anew would take longer than running it.
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    is_filtered constant boolean :=
        num_nonnulls(p_item_type, p_languages, p_genres, p_year_from, p_year_to) > 0;
    item_item_weight double precision;
    factors_weight double precision;
    stars_weight double precision;
    popularity_weight double precision;
    companions_weight double precision;
begin
    select b.item_item, b.factors, b.stars, b.popularity, b.companions
    into item_item_weight, factors_weight, stars_weight, popularity_weight, companions_weight
    from model.blend b where b.min_ratings <= p_profile.rating_count order by b.min_ratings desc limit 1;
    return query
    with item_item as materialized (
        select c.item_id, c.score
        from cinelibre.get_item_item_scores(p_user_id) c
        where not is_filtered or exists (
            select from public.items i
            where i.item_id = c.item_id
                and cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
        )
    ),
    companions as materialized (
        select c.item_id, c.score
        from cinelibre.get_companion_scores(p_user_id) c
        where not is_filtered or exists (
            select from public.items i
            where i.item_id = c.item_id
                and cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
        )
    ),
    candidates as materialized (
        (select c.item_id from item_item c order by c.score desc limit 200)
        union
        (select c.item_id from companions c order by c.score desc limit 100)
        union
        (
            select m.item_id
            from cinelibre.match_factors(
                p_profile.taste_vector, 100, p_item_type, p_languages, p_genres, p_year_from, p_year_to, null, null, p_user_id
            ) m
        )
        union
        (
            select m.item_id
            from cinelibre.get_most_liked_items(
                100, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_user_id
            ) m
        )
    ),
    parts as (
        select
            c.item_id,
            coalesce(ii.score, 0) as item_item,
            -(m.taste_factors operator(public.<#>) p_profile.taste_vector) as factors,
            cinelibre.predict_stars(m.stars_offset, m.stars_output, p_profile.stars_vector) as stars,
            m.popularity::double precision as popularity,
            coalesce(co.score, 0) as companions
        from candidates c
        join model.items m on m.item_id = c.item_id
        -- It may have gone from the catalogue since the training.
        join public.items i on i.item_id = c.item_id
        left join item_item ii on ii.item_id = c.item_id
        left join companions co on co.item_id = c.item_id
    ),
    lifts as (
        select
            p.item_id,
            item_item_weight * coalesce((p.item_item - avg(p.item_item) over ()) / nullif(stddev_pop(p.item_item) over (), 0), 0)
                + companions_weight
                * coalesce((p.companions - avg(p.companions) over ()) / nullif(stddev_pop(p.companions) over (), 0), 0)
                as item_item,
            factors_weight * coalesce((p.factors - avg(p.factors) over ()) / nullif(stddev_pop(p.factors) over (), 0), 0)
                + stars_weight * coalesce((p.stars - avg(p.stars) over ()) / nullif(stddev_pop(p.stars) over (), 0), 0)
                as factors,
            popularity_weight
                * coalesce((p.popularity - avg(p.popularity) over ()) / nullif(stddev_pop(p.popularity) over (), 0), 0)
                as popularity
        from parts p
    )
    select
        l.item_id,
        1 / (1 + exp(-(l.item_item + l.factors + l.popularity))),
        case greatest(l.item_item, l.factors, l.popularity)
            when l.item_item then 'item_item' when l.factors then 'factors' else 'popular'
        end
    from lifts l;
end
$$;
