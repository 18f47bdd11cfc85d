-- What AUTO serves: the candidates of rank_candidates, then, to fill up, those of fill_recommendations. Without a trained model,
-- for a user without ratings, or if the model knows less than half of the items that they rated last: get_fused_recommendations.
-- A user's ranked candidates are kept in model.profiles until a rating of theirs changes or an item is shown again; with
-- filters they are ranked afresh. What was hidden meanwhile is left out.
-- source is the part that put an item there, strategy what led the whole list; because_item_ids are those of the user's liked
-- items that go best with an item of the item-item model.
-- Keyset paging as in get_popular_items.
create function cinelibre.get_hybrid_recommendations(
    p_user_id integer,
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_after_score double precision default null,
    p_after_id integer default null
) returns table (
    item_id integer,
    score double precision,
    source text,
    predicted_stars double precision,
    neighbor_count integer,
    strategy text,
    because_item_ids integer[]
)
language plpgsql volatile
rows 20
-- Planning takes longer than running.
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    max_kept constant integer := 150;
    is_filtered constant boolean :=
        num_nonnulls(p_item_type, p_languages, p_genres, p_year_from, p_year_to) > 0;
    profile cinelibre.user_profile := cinelibre.get_user_profile(p_user_id, p_keep => is_filtered);
begin
    if profile.stars_vector is null
        -- A kept list says that it was asked.
        or profile.item_ids is null and not cinelibre.knows_ratings(p_user_id)
    then
        return query
        select f.item_id, f.score, f.source, f.predicted_stars, f.neighbor_count, f.strategy, '{}'::integer[]
        from cinelibre.get_fused_recommendations(
            p_user_id, p_limit, p_item_type, p_languages, p_genres, p_year_from, p_year_to,
            p_after_score => p_after_score, p_after_id => p_after_id
        ) f;
        return;
    end if;
    if is_filtered or profile.item_ids is null then
        select coalesce(array_agg(c.item_id), '{}'), coalesce(array_agg(c.score), '{}'), coalesce(array_agg(c.source), '{}')
        into profile.item_ids, profile.scores, profile.sources
        from (
            select r.item_id, r.score::real as score, r.source::"char" as source
            from cinelibre.rank_candidates(
                p_user_id, profile, p_item_type, p_languages, p_genres, p_year_from, p_year_to
            ) r
            order by 2 desc, 1
            limit max_kept
        ) c;
        if not is_filtered then
            perform cinelibre.keep_profile(p_user_id, profile);
        end if;
    end if;
    return query
    with ranked as (
        select
            u.item_id,
            u.score::double precision as score,
            cinelibre.source_name(u.source) as source
        from unnest(profile.item_ids, profile.scores, profile.sources) as u (item_id, score, source)
        where cinelibre.comes_after(u.score::double precision, u.item_id, p_after_score, p_after_id)
            and u.item_id not in (select h.item_id from cinelibre.hidden_items h)
        order by u.score desc, u.item_id
        limit p_limit
    ),
    fill as (
        select f.item_id, f.score, f.source
        from cinelibre.fill_recommendations(
            p_user_id, profile.item_ids, p_item_type, p_languages, p_genres, p_year_from, p_year_to
        ) f
        where (select count(*) from ranked) < p_limit
            and cinelibre.comes_after(f.score, f.item_id, p_after_score, p_after_id)
    ),
    page as materialized (
        select r.item_id, r.score, r.source from ranked r
        union all
        select f.item_id, f.score, f.source from fill f
        order by 2 desc, 1
        limit p_limit
    ),
    liked as materialized (
        select l.item_id, 500 / count(*) over () as reach
        from cinelibre.get_liked_items(p_user_id) l
        where exists (select from page p where p.source = 'item_item')
            and l.item_id not in (select h.item_id from cinelibre.hidden_items h)
    ),
    ties as (
        select n.id as item_id, l.item_id as liked_id, max(n.weight) as weight
        from liked l
        join model.neighbors b on b.item_id = l.item_id
        cross join lateral (
            select
                unnest(b.neighbor_ids[1:l.reach] || b.companion_ids[1:l.reach]) as id,
                unnest(b.weights[1:l.reach] || b.lifts[1:l.reach]) as weight
        ) n
        where n.id = any (array(select p.item_id from page p where p.source = 'item_item'))
        group by n.id, l.item_id
    ),
    because as (
        select t.item_id, (array_agg(t.liked_id order by t.weight desc, t.liked_id))[1:2] as liked_ids
        from ties t
        group by t.item_id
    )
    select
        p.item_id,
        p.score,
        p.source,
        cinelibre.predict_stars(m.stars_offset, m.stars_output, profile.stars_vector),
        null::integer,
        coalesce(cinelibre.source_name(profile.sources[1]), 'content'),
        coalesce(b.liked_ids, '{}')
    from page p
    join model.items m
        on m.item_id = coalesce((select known.item_id from model.items known where known.item_id = p.item_id), 0)
    left join because b on b.item_id = p.item_id
    order by p.score desc, p.item_id;
end
$$;

-- Whether the model has learned of half of the items, at least, that a user rated last: of what it has not learned of it can't tell
-- what goes with it.
create function cinelibre.knows_ratings(p_user_id integer) returns boolean
language plpgsql stable
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return (
        select 2 * count(m.item_id) >= count(*)
        from (
            select r.item_id from public.ratings r where r.user_id = p_user_id order by r.updated_at desc, r.item_id limit 20
        ) l
        left join model.items m on m.item_id = l.item_id
    );
end
$$;

-- The source that a kept list has as its first letter.
create function cinelibre.source_name(p_letter "char") returns text
language sql immutable parallel safe
return case p_letter when 'i' then 'item_item' when 'f' then 'factors' when 'p' then 'popular' end;
