-- A user's vectors, as model.profiles keeps them; the lists are null until get_hybrid_recommendations makes them.
create type cinelibre.user_profile as (
    changed_xid xid8,
    rating_count integer,
    stars_vector public.vector,
    taste_vector public.vector,
    item_ids integer[],
    scores real[],
    -- The first letters of the sources.
    sources "char"[]
);

-- What the serving model makes of a user's ratings as they are now; null without a model, or for a user without ratings.
-- What is kept is used as long as no rating of the user changed. Otherwise the latest 300 ratings are folded in (see fold_in),
-- from the vectors that were kept, which a rating more moves little:
--     stars: target r_j - base_j with precision 1 / (noise_j * (0.7 + min(n, 150) / 100)) and prior mean sum of implied_j / sqrt(n):
--            which items somebody rates tells of their taste, too (SVD++; Koren, KDD 2008), and the errors of one person's
--            many ratings are not independent;
--     taste: liked or not, with a weight that grows with the stars (Hu, Koren & Volinsky, ICDM 2008).
-- Items that training has not seen count as item 0, the average one.
-- Without p_keep a caller keeps what comes, with the lists that it makes.
create function cinelibre.get_user_profile(p_user_id integer, p_keep boolean default true) returns cinelibre.user_profile
language plpgsql volatile
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    max_ratings constant integer := 300;
    profile cinelibre.user_profile;
    kept cinelibre.user_profile;
begin
    -- Read first: what changes after this is seen in the next call.
    select t.changed_xid, t.rating_count into profile.changed_xid, profile.rating_count
    from public.user_rating_totals t where t.user_id = p_user_id;
    if not found then
        return null;
    end if;
    select k.changed_xid, profile.rating_count, k.stars_vector, k.taste_vector, k.item_ids, k.scores, k.sources
    into kept
    from model.profiles k where k.user_id = p_user_id;
    if kept.changed_xid = profile.changed_xid then
        return kept;
    end if;

    with latest as materialized (
        select r.item_id, r.half_stars
        from public.ratings r where r.user_id = p_user_id
        order by r.updated_at desc, r.item_id
        limit max_ratings
    ),
    counted as materialized (
        select count(*) as n, (0.7 + least(count(*), 150) / 100.0)::double precision as dependence from latest
    ),
    gathered as (
        select
            array_agg(i.stars_reading) as readings,
            array_agg(l.half_stars / 2.0::double precision - i.stars_base) as deviations,
            array_agg(1 / (i.stars_noise * c.dependence)) as precisions,
            sum(i.stars_implied) as implied,
            max(c.n) as n,
            array_agg(i.taste_factors) as factors,
            array_agg(s.taste_targets[l.half_stars]) as taste_targets,
            array_agg(s.taste_weights[l.half_stars]) as taste_weights
        from latest l
        cross join counted c
        cross join model.settings s
        join model.items i
            on i.item_id = coalesce((select known.item_id from model.items known where known.item_id = l.item_id), 0)
    )
    select
        cinelibre.fold_in(
            g.readings, g.deviations, g.precisions, cinelibre.scale(g.implied, 1 / sqrt(g.n)), p_start => kept.stars_vector
        ),
        cinelibre.fold_in(g.factors, g.taste_targets, g.taste_weights, p_start => kept.taste_vector)
    into profile.stars_vector, profile.taste_vector
    from gathered g
    where g.n > 0;
    if profile.stars_vector is null then
        return null;
    end if;

    if p_keep then
        perform cinelibre.keep_profile(p_user_id, profile);
    end if;
    return profile;
end
$$;

-- Puts a profile in the place of the one that is kept, and of its lists. Nobody waits for the disk to have it: what a crash loses
-- is made again, as the profile then kept is of ratings before the latest.
create function cinelibre.keep_profile(p_user_id integer, p_profile cinelibre.user_profile) returns void
language plpgsql volatile
as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    insert into model.profiles as k (user_id, changed_xid, stars_vector, taste_vector, item_ids, scores, sources)
    values (
        p_user_id, p_profile.changed_xid, p_profile.stars_vector, p_profile.taste_vector,
        p_profile.item_ids, p_profile.scores, p_profile.sources
    )
    on conflict (user_id) do update set
        changed_xid = excluded.changed_xid,
        stars_vector = excluded.stars_vector,
        taste_vector = excluded.taste_vector,
        item_ids = excluded.item_ids,
        scores = excluded.scores,
        sources = excluded.sources;
end
$$;
