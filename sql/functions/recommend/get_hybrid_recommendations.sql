-- What AUTO serves: the candidates of rank_candidates, then, to fill up, those of fill_recommendations. Without a trained model,
-- or for a user without ratings: get_fused_recommendations.
-- A user's ranked candidates are kept in model.profiles until a rating of theirs changes; with filters they are ranked afresh.
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
as $$
declare
    max_kept constant integer := 200;
    is_filtered constant boolean :=
        num_nonnulls(p_item_type, p_languages, p_genres, p_year_from, p_year_to) > 0;
    profile cinelibre.user_profile := cinelibre.get_user_profile(p_user_id);
begin
    if profile.stars_vector is null then
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
            select r.item_id, r.score, r.source
            from cinelibre.rank_candidates(
                p_user_id, profile, p_item_type, p_languages, p_genres, p_year_from, p_year_to
            ) r
            order by r.score desc, r.item_id
            limit max_kept
        ) c;
        if not is_filtered then
            update model.profiles p set
                item_ids = profile.item_ids, scores = profile.scores, sources = profile.sources
            where p.user_id = p_user_id and p.changed_xid = profile.changed_xid;
        end if;
    end if;
    return query
    with ranked as (
        select u.item_id, u.score, u.source
        from unnest(profile.item_ids, profile.scores, profile.sources) as u (item_id, score, source)
        where cinelibre.comes_after(u.score, u.item_id, p_after_score, p_after_id)
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
    liked as materialized (
        select l.item_id from cinelibre.get_liked_items(p_user_id) l
    ),
    page as materialized (
        select r.item_id, r.score, r.source from ranked r
        union all
        select f.item_id, f.score, f.source from fill f
        order by 2 desc, 1
        limit p_limit
    )
    select
        p.item_id,
        p.score,
        p.source,
        cinelibre.predict_stars(m.stars_offset, m.stars_output, profile.stars_vector),
        null::integer,
        coalesce(profile.sources[1], 'content'),
        case when p.source = 'item_item' then array(
            select l.item_id
            from model.neighbors b
            cross join lateral unnest(b.neighbor_ids || b.companion_ids, b.weights || b.lifts) as n (id, weight)
            join liked l on l.item_id = n.id
            where b.item_id = p.item_id and n.weight > 0
            group by l.item_id
            order by max(n.weight) desc, l.item_id
            limit 2
        ) else '{}' end
    from page p
    join model.items m
        on m.item_id = coalesce((select known.item_id from model.items known where known.item_id = p.item_id), 0)
    order by p.score desc, p.item_id;
end
$$;
