-- The users whose ratings go with this user's: Pearson correlation over the items both rated,
--     r(u, v) = sum((x - mean x)(y - mean y)) / sqrt(sum((x - mean x)^2) * sum((y - mean y)^2)),
-- means taken over the common items (Resnick et al., "GroupLens", CSCW 1994). A pair with fewer than p_min_overlap common
-- items, or r <= p_min_correlation, or a constant side, is no pair of neighbours.
-- Ratings are small whole numbers (half stars 1 to 10), so the sums are exact.
-- p_among limits the look to some users; null means all.
create function cinelibre.get_neighbors(
    p_user_id integer,
    p_min_overlap integer default 3,
    p_min_correlation double precision default 0.3,
    p_among integer[] default null
) returns table (neighbor_id integer, correlation double precision, overlap integer)
language plpgsql stable
rows 200
-- A plan for the actual filters: a generic one expects a row or two and loops over thousands.
set plan_cache_mode = 'force_custom_plan'
as $$
begin
    return query
    with sums as (
        select
            theirs.user_id,
            count(*) as n,
            sum(mine.half_stars) as sx,
            sum(theirs.half_stars) as sy,
            sum(mine.half_stars * mine.half_stars) as sxx,
            sum(theirs.half_stars * theirs.half_stars) as syy,
            sum(mine.half_stars * theirs.half_stars) as sxy
        from public.ratings mine
        join public.ratings theirs on theirs.item_id = mine.item_id
        where mine.user_id = p_user_id
            and theirs.user_id <> p_user_id
            and (p_among is null or theirs.user_id = any (p_among))
        group by theirs.user_id
        having count(*) >= p_min_overlap
    ),
    correlations as (
        select
            s.user_id,
            (s.n * s.sxy - s.sx * s.sy)
                / sqrt(nullif((s.n * s.sxx - s.sx * s.sx)::double precision * (s.n * s.syy - s.sy * s.sy), 0)) as r,
            s.n::integer as n
        from sums s
    )
    select c.user_id, c.r, c.n from correlations c where c.r > p_min_correlation;
end
$$;
