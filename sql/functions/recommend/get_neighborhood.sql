-- What earlier definitions of these functions kept may not be what these would compute.
truncate public.user_neighborhoods;

-- A user's neighbourhood, exact at every call: the 50 best of get_neighbors (overlap >= 3, correlation > 0.3), best by
-- r * min(overlap, 50) / 50 : a correlation over few items is noise (significance weighting; Herlocker et al., SIGIR 1999).
-- Null for a user without ratings.
-- It is kept in user_neighborhoods. A user whose own ratings changed is computed anew; of the other users only those are looked
-- at again whose ratings changed since, or are gone. A change in a transaction that was still running when the neighbourhood
-- was computed has an xid >= computed_xmin, so none is missed. Transaction ids of the future come from another cluster
-- (a restored dump) and don't count.
create function cinelibre.get_neighborhood(p_user_id integer) returns public.user_neighborhoods
language plpgsql volatile
as $$
declare
    max_neighbors constant integer := 50;
    max_changed constant integer := 100;
    -- Taken once and first: every statement below sees at least this much.
    seen constant pg_snapshot := pg_current_snapshot();
    last_xid constant xid8 := greatest(pg_snapshot_xmax(seen), pg_current_xact_id_if_assigned());
    kept public.user_neighborhoods;
    best public.user_neighborhoods;
    changed integer[];
begin
    if not exists (select from public.user_rating_totals t where t.user_id = p_user_id) then
        return null;
    end if;
    select * into kept from public.user_neighborhoods c
    where c.user_id = p_user_id and c.computed_xmin <= pg_snapshot_xmax(seen)
        and c.server_started_at = pg_postmaster_start_time();
    if found then
        changed := array(
            select t.user_id from public.user_rating_totals t
            where t.changed_xid >= kept.computed_xmin and t.changed_xid <= last_xid
            limit max_changed + 1
        ) || array(
            select n.id from unnest(kept.neighbor_ids) as n (id)
            where not exists (select from public.user_rating_totals t where t.user_id = n.id)
        );
        if cardinality(changed) = 0 then
            return kept;
        end if;
        if cardinality(changed) <= max_changed and not p_user_id = any (changed) then
            with candidates as (
                select u.id, u.r, u.n from unnest(kept.neighbor_ids, kept.correlations, kept.common_counts) as u (id, r, n)
                where not u.id = any (changed)
                union all
                select g.neighbor_id, g.correlation, g.overlap from cinelibre.get_neighbors(p_user_id, p_among => changed) g
            ),
            ranked as (
                select c.id, c.r, c.n from candidates c order by c.r * least(c.n, 50) desc, c.id limit max_neighbors
            )
            select coalesce(array_agg(r.id), '{}'), coalesce(array_agg(r.r), '{}'), coalesce(array_agg(r.n), '{}')
            into best.neighbor_ids, best.correlations, best.common_counts
            from ranked r;
            -- A full list whose last place got worse may have to take in somebody it doesn't know.
            if cardinality(kept.neighbor_ids) < max_neighbors
                or row(
                    kept.correlations[max_neighbors] * least(kept.common_counts[max_neighbors], 50),
                    best.neighbor_ids[max_neighbors]
                ) <= row(
                    best.correlations[max_neighbors] * least(best.common_counts[max_neighbors], 50),
                    kept.neighbor_ids[max_neighbors]
                )
            then
                update public.user_neighborhoods c set
                    computed_xmin = pg_snapshot_xmin(seen),
                    neighbor_ids = best.neighbor_ids,
                    correlations = best.correlations,
                    common_counts = best.common_counts,
                    -- What was predicted stands as long as no neighbour, old or new, is among the changed.
                    item_ids = case when not changed && (kept.neighbor_ids || best.neighbor_ids) then c.item_ids end
                -- Another call may have been faster: then what it kept is not what this one started from.
                where c.user_id = p_user_id
                    and c.computed_xmin = kept.computed_xmin and c.neighbor_ids = kept.neighbor_ids
                returning c.* into best;
                if found then
                    return best;
                end if;
            end if;
        end if;
    end if;

    insert into public.user_neighborhoods as c (user_id, computed_xmin, neighbor_ids, correlations, common_counts)
    select
        p_user_id,
        pg_snapshot_xmin(seen),
        coalesce(array_agg(r.neighbor_id), '{}'),
        coalesce(array_agg(r.correlation), '{}'),
        coalesce(array_agg(r.overlap), '{}')
    from (
        select g.neighbor_id, g.correlation, g.overlap from cinelibre.get_neighbors(p_user_id) g
        order by g.correlation * least(g.overlap, 50) desc, g.neighbor_id
        limit max_neighbors
    ) r
    on conflict (user_id) do update set
        server_started_at = excluded.server_started_at,
        computed_xmin = excluded.computed_xmin,
        neighbor_ids = excluded.neighbor_ids,
        correlations = excluded.correlations,
        common_counts = excluded.common_counts,
        item_ids = null
    returning c.* into best;
    return best;
end
$$;
