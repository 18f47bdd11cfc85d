-- What follows after the ranked candidates of AUTO: up to 100 items near in meaning to what the user liked (score: cosine
-- similarity - 2), then up to 100 others in the order of their ids (score: -4).
create function cinelibre.fill_recommendations(
    p_user_id integer,
    p_ranked_ids integer[],
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null
) returns table (item_id integer, score double precision, source text)
language sql stable
rows 200
as $$
    with content as materialized (
        select c.item_id, c.score - 2 as score
        from cinelibre.get_content_recommendations(
            p_user_id, 100 + cardinality(p_ranked_ids), p_item_type, p_languages, p_genres, p_year_from, p_year_to
        ) c
        where c.item_id <> all (p_ranked_ids)
        order by c.score desc, c.item_id
        limit 100
    ),
    others as (
        select i.item_id
        from public.items i
        where i.item_id <> all (p_ranked_ids)
            and i.item_id not in (select c.item_id from content c)
            and i.item_id not in (select seen.item_id from public.ratings seen where seen.user_id = p_user_id)
            and cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
        order by i.item_id
        limit 100
    )
    select c.item_id, c.score, 'content' from content c
    union all
    select o.item_id, -4, 'catalogue' from others o
$$;
