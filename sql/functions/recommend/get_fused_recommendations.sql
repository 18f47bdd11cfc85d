-- What AUTO serves before the first training, and to who has rated nothing: reciprocal rank fusion (Cormack, Clarke & Büttcher,
-- SIGIR 2009) of the best candidates of each source,  score = sum over sources of weight / (60 + rank).
-- With p_min_ratings ratings or more, collaborative filtering leads (weight 1) and content (0.5) and popularity (0.3) enrich
-- it; before that popularity leads (1) and content (0.5) enriches it. With a model, popular is what most people like, else the
-- best by damped mean. While nothing is popular yet, unrated catalogue entries fill the list (0.01). source is the part that gave an item most of its score; strategy is what led the whole list.
-- Keyset paging as in get_popular_items.
create function cinelibre.get_fused_recommendations(
    p_user_id integer,
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_min_ratings integer default 3,
    p_candidates integer default 100,
    p_after_score double precision default null,
    p_after_id integer default null
) returns table (
    item_id integer,
    score double precision,
    source text,
    predicted_stars double precision,
    neighbor_count integer,
    strategy text
)
language plpgsql volatile
rows 20
as $$
declare
    warm constant boolean := coalesce(
        (select rating_count >= p_min_ratings from public.user_rating_totals where user_id = p_user_id), false
    );
begin
    return query
    with collaborative as materialized (
        select c.item_id, c.predicted_stars, c.neighbor_count, row_number() over (order by c.score desc, c.item_id) as rank
        from cinelibre.get_collaborative_recommendations(
            p_user_id, p_candidates, p_item_type, p_languages, p_genres, p_year_from, p_year_to
        ) c
        where warm
    ),
    content as materialized (
        select c.item_id, row_number() over (order by c.score desc, c.item_id) as rank
        from cinelibre.get_content_recommendations(
            p_user_id,
            -- Half is enough to enrich, all of it fills up.
            case when (select count(*) from collaborative) < p_candidates / 2 then p_candidates else p_candidates / 2 end,
            p_item_type, p_languages, p_genres, p_year_from, p_year_to
        ) c
    ),
    popular as materialized (
        select m.item_id, row_number() over (order by m.score desc, m.item_id) as rank
        from cinelibre.get_most_liked_items(
            p_candidates, p_item_type, p_languages, p_genres, p_year_from, p_year_to,
            array(select r.item_id from public.ratings r where r.user_id = p_user_id)
        ) m
        join public.items i on i.item_id = m.item_id
        union all
        select p.item_id, row_number() over (order by p.score desc, p.item_id)
        from cinelibre.get_popular_items(
            p_candidates, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_without_rated_by => p_user_id
        ) p
        where not exists (select from model.settings)
    ),
    catalogue as materialized (
        select i.item_id, row_number() over (order by i.item_id) as rank
        from public.items i
        where not exists (select from popular)
            and cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
            and not exists (select from public.ratings r where r.user_id = p_user_id and r.item_id = i.item_id)
        order by i.item_id
        limit p_candidates
    ),
    parts as (
        select c.item_id, 'collaborative' as source, 1.0::double precision / (60 + c.rank) as part from collaborative c
        union all
        select c.item_id, 'content', 0.5::double precision / (60 + c.rank) from content c
        union all
        select p.item_id, 'popular', case when warm then 0.3 else 1.0 end::double precision / (60 + p.rank) from popular p
        union all
        select c.item_id, 'catalogue', 0.01::double precision / (60 + c.rank) from catalogue c
    ),
    fused as (
        select
            p.item_id,
            sum(p.part) as score,
            (array_agg(p.source order by p.part desc, p.source))[1] as source
        from parts p
        group by p.item_id
    )
    select
        f.item_id,
        f.score,
        f.source,
        c.predicted_stars,
        c.neighbor_count,
        case
            when exists (select from collaborative) then 'collaborative'
            when warm and exists (select from content) then 'content'
            when exists (select from popular) then 'popular'
            when exists (select from content) then 'content'
            else 'catalogue'
        end
    from fused f
    left join collaborative c on c.item_id = f.item_id
    where cinelibre.comes_after(f.score, f.item_id, p_after_score, p_after_id)
    order by f.score desc, f.item_id
    limit p_limit;
end
$$;
