-- Whether somebody whose name has one of the keys has made an item or plays in it.
create function cinelibre.has_person(p_item_id integer, p_people text[]) returns boolean
language sql stable parallel safe
as $$
    select exists (select from public.search_people s where s.item_id = p_item_id and s.key = any (p_people))
$$;

-- The items whose ratings are at least p_min_stars on average.
create function cinelibre.get_items_with_stars(p_min_stars double precision) returns setof integer
language sql stable parallel safe
as $$
    select t.item_id from public.item_rating_totals t
    where t.half_stars_sum >= 2 * p_min_stars * t.rating_count and t.rating_count > 0
$$;

-- Whether an item is one of them.
create function cinelibre.has_stars(p_item_id integer, p_min_stars double precision) returns boolean
language sql stable parallel safe
as $$
    select exists (select from cinelibre.get_items_with_stars(p_min_stars) as rated (item_id) where rated.item_id = p_item_id)
$$;

-- item_passes with the filters that only search has: people by the keys of their names, and the least mean of the ratings.
-- Without subqueries of its own, so that the planner inlines it.
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
        and (p_people is null or cinelibre.has_person(i.item_id, p_people))
        and (p_min_stars is null or cinelibre.has_stars(i.item_id, p_min_stars))
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
language plpgsql stable
-- Which index helps depends on the filters.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
    passing constant integer[] := array(
        select i.item_id
        from public.items i
        where cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
            and (
                p_people is null
                or i.item_id in (select s.item_id from public.search_people s where s.key = any (p_people))
            )
            and (
                p_min_stars is null
                or i.item_id in (select cinelibre.get_items_with_stars(p_min_stars))
            )
        limit p_most + 1
    );
begin
    return case when cardinality(passing) <= p_most then passing end;
end
$$;
