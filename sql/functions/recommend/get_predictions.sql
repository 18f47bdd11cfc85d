-- User-based collaborative filtering (Resnick et al., CSCW 1994; Herlocker et al., SIGIR 1999):
--     predicted(u, i) = mean(u) + sum over neighbours v who rated i of r(u, v) * (rating(v, i) - mean(v)) / sum of |r(u, v)|
-- with the neighbours of get_neighborhood, for every item that the user has not rated.
-- predicted_stars is the formula above, cut to 0.5..5.0. score orders lists: the same deviation shrunk to the mean by
-- adding 2 to the divisor, so that one enthusiastic neighbour doesn't beat twenty.
-- The result is kept with the neighbourhood and used again until a rating of the user or of a neighbour changes.
create function cinelibre.get_predictions(p_user_id integer)
returns table (item_id integer, score double precision, predicted_stars double precision, neighbor_count integer)
language plpgsql volatile
rows 1000
-- A plan for the actual user: a generic one expects a row or two and loops over thousands.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
    shrinkage constant double precision := 2;
    my_mean double precision;
    kept public.user_neighborhoods;
begin
    kept := cinelibre.get_neighborhood(p_user_id);
    if kept.item_ids is null then
        -- Read after the neighbourhood was: whatever changed in between is looked at again in the next call.
        select t.half_stars_sum / t.rating_count::double precision into my_mean
        from public.user_rating_totals t where t.user_id = p_user_id;
        if my_mean is null then
            return;
        end if;
        with neighbors as materialized (
            select n.id, n.r, t.half_stars_sum / t.rating_count::double precision as mean
            from unnest(kept.neighbor_ids, kept.correlations) as n (id, r)
            join public.user_rating_totals t on t.user_id = n.id
        ),
        deviations as (
            select
                r.item_id,
                sum(n.r * (r.half_stars - n.mean)) as weighted,
                sum(n.r) as weight,
                count(*)::integer as neighbor_count
            from neighbors n
            join public.ratings r on r.user_id = n.id
            group by r.item_id
        ),
        unseen as (
            select d.* from deviations d
            where not exists (select from public.ratings s where s.user_id = p_user_id and s.item_id = d.item_id)
        )
        select
            coalesce(array_agg(u.item_id), '{}'),
            coalesce(array_agg((my_mean + u.weighted / (u.weight + shrinkage)) / 2), '{}'),
            coalesce(array_agg(least(5.0, greatest(0.5, (my_mean + u.weighted / u.weight) / 2))), '{}'),
            coalesce(array_agg(u.neighbor_count), '{}')
        into kept.item_ids, kept.scores, kept.predicted_stars, kept.neighbor_counts
        from unseen u;
        -- Another call may have brought the neighbourhood up to date meanwhile: then this result doesn't belong to it.
        update public.user_neighborhoods c set
            item_ids = kept.item_ids,
            scores = kept.scores,
            predicted_stars = kept.predicted_stars,
            neighbor_counts = kept.neighbor_counts
        where c.user_id = p_user_id and c.computed_xmin = kept.computed_xmin and c.neighbor_ids = kept.neighbor_ids;
    end if;
    return query select * from unnest(kept.item_ids, kept.scores, kept.predicted_stars, kept.neighbor_counts);
end
$$;
