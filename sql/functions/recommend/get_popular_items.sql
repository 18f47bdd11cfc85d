-- The best rated items by damped mean (Bayesian average):
--     score = (sum of stars + damping * m) / (count + damping),  m = mean of all ratings in the window.
-- Items with fewer than p_min_count ratings in the window are left out, so that one 5-star vote never tops the list.
-- p_since null means all time, which reads the maintained totals; otherwise ratings updated since then are added up.
-- Keyset paging: pass the last row's score and item_id to get what comes after it. That row itself never comes again, even if
-- a rating in between lowered its score.
create function cinelibre.get_popular_items(
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_since timestamptz default null,
    p_min_count integer default 5,
    p_damping double precision default 10,
    p_after_score double precision default null,
    p_after_id integer default null,
    p_without_rated_by integer default null
) returns table (item_id integer, score double precision, rating_count integer, mean_stars double precision)
language plpgsql stable
rows 20
-- So that what is not asked for (a filter, a user, a window) costs nothing.
set plan_cache_mode = 'force_custom_plan'
as $$
begin
    return query
    with recent as materialized (
        select r.item_id, count(*)::integer as rating_count, sum(r.half_stars) as half_stars_sum
        from public.ratings r
        where p_since is not null and r.updated_at >= p_since
        group by r.item_id
    ),
    totals as (
        select t.item_id, t.rating_count, t.half_stars_sum from public.item_rating_totals t where p_since is null
        union all
        select r.item_id, r.rating_count, r.half_stars_sum from recent r
    ),
    overall as materialized (
        select sum(t.half_stars_sum)::double precision / (2 * sum(t.rating_count)) as mean from totals t
    ),
    scored as (
        select
            t.item_id,
            (t.half_stars_sum::double precision / 2 + p_damping * overall.mean) / (t.rating_count + p_damping) as score,
            t.rating_count,
            t.half_stars_sum::double precision / (2 * t.rating_count) as mean_stars
        from totals t
        cross join overall
        where t.rating_count >= p_min_count
            and t.item_id not in (select h.item_id from cinelibre.hidden_items h)
            and (
                (p_item_type is null and p_languages is null and p_genres is null and p_year_from is null and p_year_to is null)
                or t.item_id in (
                    select i.item_id from public.items i
                    where cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
                )
            )
            and (
                p_without_rated_by is null
                or t.item_id not in (select seen.item_id from public.ratings seen where seen.user_id = p_without_rated_by)
            )
    )
    select s.item_id, s.score, s.rating_count, s.mean_stars
    from scored s
    where cinelibre.comes_after(s.score, s.item_id, p_after_score, p_after_id)
    order by s.score desc, s.item_id
    limit p_limit;
end
$$;
