-- The items beside those that a user rated, by the item_item of rank_candidates alone. Keyset paging as in get_popular_items.
create function cinelibre.get_item_item_recommendations(
    p_user_id integer,
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_after_score double precision default null,
    p_after_id integer default null
) returns table (item_id integer, score double precision)
language plpgsql stable
rows 20
as $$
declare
    ratings constant cinelibre.user_ratings := cinelibre.get_user_ratings(p_user_id);
begin
    return query
    select c.item_id, c.score
    from (
        select m.item_id, -(m.item_weights operator(public.<#>) ratings.item_values) as score
        from cinelibre.get_items_beside(ratings.giving_ids, ratings.giving_values) b
        join model.items m on m.item_id = b.item_id
        where b.item_id not in (select s.id from unnest(ratings.item_ids) as s (id))
    ) c
    join public.items i on i.item_id = c.item_id
    where cinelibre.item_passes(i, p_item_type, p_languages, p_genres, p_year_from, p_year_to)
        and cinelibre.comes_after(c.score, c.item_id, p_after_score, p_after_id)
    order by c.score desc, c.item_id
    limit p_limit;
end
$$;
