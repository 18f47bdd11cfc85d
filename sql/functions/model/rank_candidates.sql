-- The candidates of AUTO for a user with a profile, scored by the blend whose weights training learned:
--     score = 1 / (1 + exp(-sum over parts of weight * z)),  z = (part - mean) / standard deviation among the candidates
-- with the weights of get_blend for as many ratings as the user has, of the parts
--     item_item(u, i)  = sum over rated items j of value(stars(u, j)) * weight(j, i), the sparse weights being those of a
--                        regression of every item on all (Steck, WWW 2019 and NeurIPS 2020);
--     companions(u, i) = sum over liked items j of P(i liked | j liked) - P(i liked) (Deshpande & Karypis, TOIS 2004), which needs
--                        to know nothing else of the user and so leads after the first ratings;
--     factors(u, i)    = taste_factors_i . taste_vector, as in match_factors;
--     stars(u, i), as in get_predicted_stars;
--     popularity(i)    = how many like it.
-- The first two are inner products of sparse vectors over all items: of the user's latest 300 ratings, and of what the other
-- items say for item i. A new rating counts without any training.
-- Candidates, unrated and passing the filters, are the 50 most liked, the best 100 by match_factors, rated ones among them,
-- and for users with less than 20 ratings the best 60 each, neighbours and companions, of get_items_beside. More of them change hardly
-- anything.
-- source is the part that lifts an item most.
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
set hnsw.ef_search = 100
-- Planning this anew would take longer than running it.
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    few_ratings constant integer := 20;
    is_filtered constant boolean :=
        num_nonnulls(p_item_type, p_languages, p_genres, p_year_from, p_year_to) > 0;
    ratings constant cinelibre.user_ratings := cinelibre.get_user_ratings(p_user_id);
    weights constant cinelibre.blend := cinelibre.get_blend(p_profile.rating_count);
    by_factors integer[];
begin
    if is_filtered then
        by_factors := array(
            select m.item_id
            from cinelibre.match_factors(
                p_profile.taste_vector, 100, p_item_type, p_languages, p_genres, p_year_from, p_year_to,
                p_without_ids => ratings.item_ids
            ) m
        );
    else
        by_factors := array(
            select m.item_id from model.items m order by m.taste_factors operator(public.<#>) p_profile.taste_vector limit 100
        );
    end if;
    return query
    with seen as materialized (
        select s.id from unnest(ratings.item_ids) as s (id)
    ),
    neighbors as materialized (
        select b.item_id, b.score, 'item_item' as part
        from cinelibre.get_items_beside(ratings.giving_ids, ratings.giving_values) b
        where p_profile.rating_count < few_ratings
        union all
        select c.item_id, c.score, 'companions'
        from cinelibre.get_items_beside(ratings.liked_ids, ratings.liked_values, p_companions => true) c
        where p_profile.rating_count < few_ratings
    ),
    unseen_neighbors as (
        select n.item_id, row_number() over (partition by n.part order by n.score desc) as place
        from neighbors n
        where n.item_id not in (select s.id from seen s)
            and (
                not is_filtered
                or exists (
                    select from public.items i
                    where i.item_id = n.item_id
                        and cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
                )
            )
    ),
    candidates as materialized (
        select n.item_id from unseen_neighbors n where n.place <= 60
        union
        select f.item_id from unnest(by_factors) as f (item_id) where f.item_id not in (select s.id from seen s)
        union
        select m.item_id
        from cinelibre.get_most_liked_items(
            50, p_item_type, p_languages, p_genres, p_year_from, p_year_to, ratings.item_ids
        ) m
    ),
    parts as materialized (
        select
            c.item_id,
            -(m.item_weights operator(public.<#>) ratings.item_values) as item_item,
            -(m.taste_factors operator(public.<#>) p_profile.taste_vector) as factors,
            cinelibre.predict_stars(m.stars_offset, m.stars_output, p_profile.stars_vector) as stars,
            m.popularity::double precision as popularity,
            -(m.companion_lifts operator(public.<#>) ratings.companion_values) as companions
        from candidates c
        join model.items m on m.item_id = c.item_id
        -- It may have gone from the catalogue since the training, and item 0 is none.
        where exists (select from public.items i where i.item_id = c.item_id)
            and c.item_id not in (select h.item_id from cinelibre.hidden_items h)
    ),
    scales as materialized (
        select
            avg(p.item_item) as item_item_mean, nullif(stddev_pop(p.item_item), 0) as item_item_size,
            avg(p.factors) as factors_mean, nullif(stddev_pop(p.factors), 0) as factors_size,
            avg(p.stars) as stars_mean, nullif(stddev_pop(p.stars), 0) as stars_size,
            avg(p.popularity) as popularity_mean, nullif(stddev_pop(p.popularity), 0) as popularity_size,
            avg(p.companions) as companions_mean, nullif(stddev_pop(p.companions), 0) as companions_size
        from parts p
    ),
    lifts as (
        select
            p.item_id,
            coalesce(weights.item_item * (p.item_item - s.item_item_mean) / s.item_item_size, 0)
                + coalesce(weights.companions * (p.companions - s.companions_mean) / s.companions_size, 0) as item_item,
            coalesce(weights.factors * (p.factors - s.factors_mean) / s.factors_size, 0)
                + coalesce(weights.stars * (p.stars - s.stars_mean) / s.stars_size, 0) as factors,
            coalesce(weights.popularity * (p.popularity - s.popularity_mean) / s.popularity_size, 0) as popularity
        from parts p
        cross join scales s
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
