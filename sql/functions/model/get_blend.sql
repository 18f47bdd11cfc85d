-- How much each part of rank_candidates counts.
create type cinelibre.blend as (
    item_item double precision,
    factors double precision,
    stars double precision,
    popularity double precision,
    companions double precision
);

-- The weights of AUTO for a user with so many ratings, 1 or more: between two learned levels on the straight line over the
-- logarithm of the number.
create function cinelibre.get_blend(p_rating_count integer) returns cinelibre.blend
language sql stable
as $$
    with below as (
        select b.* from model.blend b where b.min_ratings <= p_rating_count order by b.min_ratings desc limit 1
    ),
    above as (
        select b.* from model.blend b where b.min_ratings > p_rating_count order by b.min_ratings limit 1
    ),
    part as (
        select coalesce(ln(1.0 * p_rating_count / b.min_ratings) / ln(1.0 * a.min_ratings / b.min_ratings), 0) as way
        from below b
        left join above a on true
    )
    select (
        b.item_item + p.way * coalesce(a.item_item - b.item_item, 0),
        b.factors + p.way * coalesce(a.factors - b.factors, 0),
        b.stars + p.way * coalesce(a.stars - b.stars, 0),
        b.popularity + p.way * coalesce(a.popularity - b.popularity, 0),
        b.companions + p.way * coalesce(a.companions - b.companions, 0)
    )::cinelibre.blend
    from below b
    cross join part p
    left join above a on true
$$;
