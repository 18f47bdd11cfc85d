-- True when an item is not hidden and passes a caller's filters; a null filter lets everything pass. Genres are compared
-- without case.
-- p_genres must be lower case. A plain SQL function, so that the planner inlines it.
create function cinelibre.item_passes(
    i public.items,
    p_item_type public.item_type,
    p_languages text[],
    p_genres text[],
    p_year_from integer,
    p_year_to integer
) returns boolean
language sql stable parallel safe
as $$
    select i.hidden_at is null
        and (p_item_type is null or i.item_type = p_item_type)
        and (p_languages is null or i.language = any (p_languages))
        and (p_genres is null or lower(i.genres::text)::text[] && p_genres)
        and (p_year_from is null or i.year >= p_year_from)
        and (p_year_to is null or i.year <= p_year_to)
$$;
