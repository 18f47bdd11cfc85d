-- The items that most people gave 4 stars or more, as of the training; score is in parts of the most liked item's. A mean
-- says how good an item is to those who chose it; how many like it says what a stranger will like.
create function cinelibre.get_most_liked_items(
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_without_ids integer[] default '{}'
) returns table (item_id integer, score double precision)
language sql stable
rows 100
as $$
    select m.item_id, m.popularity::double precision
    from model.items m
    where m.popularity > 0
        and m.item_id not in (select w.id from unnest(p_without_ids) as w (id))
        and m.item_id not in (select h.item_id from cinelibre.hidden_items h)
        and (
            num_nonnulls(p_item_type, p_languages, p_genres, p_year_from, p_year_to) = 0
            or (
                select cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
                from public.items i
                where i.item_id = m.item_id
            )
        )
    order by m.popularity desc, m.item_id
    limit p_limit
$$;
