-- item_passes with the filters that only search has: people by the keys of their names, and the least mean of the ratings.
create function cinelibre.search_passes(
    i public.items,
    p_item_type public.item_type,
    p_languages text[],
    p_genres text[],
    p_year_from integer,
    p_year_to integer,
    p_people text[],
    p_min_stars double precision
) returns boolean
language sql stable parallel safe
as $$
    select cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
        and (
            p_people is null
            or exists (select from public.search_people s where s.item_id = i.item_id and s.key = any (p_people))
        )
        and (
            p_min_stars is null
            or exists (
                select from public.item_rating_totals t
                where t.item_id = i.item_id and t.half_stars_sum >= 2 * p_min_stars * t.rating_count and t.rating_count > 0
            )
        )
$$;

-- The items that pass, if there are at most p_most of them, else null.
create function cinelibre.get_few_passing(
    p_item_type public.item_type,
    p_languages text[],
    p_genres text[],
    p_year_from integer,
    p_year_to integer,
    p_people text[],
    p_min_stars double precision,
    p_most integer default 3000
) returns integer[]
language sql stable
as $$
    with passing as (
        select i.item_id
        from public.items i
        where cinelibre.search_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars)
        limit p_most + 1
    )
    select case when count(*) <= p_most then coalesce(array_agg(p.item_id), '{}') end from passing p
$$;
