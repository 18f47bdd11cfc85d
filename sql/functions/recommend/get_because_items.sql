-- For each of the given items the two liked items of the user that are nearest to it, the nearest first; hidden ones are not
-- named.
create function cinelibre.get_because_items(p_user_id integer, p_item_ids integer[])
returns table (item_id integer, because_item_ids integer[])
language sql stable
rows 20
as $$
    with liked as materialized (
        select l.item_id, l.embedding
        from cinelibre.get_liked_items(p_user_id) l
        where l.embedding is not null and l.item_id not in (select h.item_id from cinelibre.hidden_items h)
    ),
    wanted as materialized (
        select w.item_id, coalesce(m.embedding, b.embedding) as embedding
        from unnest(p_item_ids) as w (item_id)
        left join public.movies m on m.movie_id = w.item_id
        left join public.books b on b.book_id = w.item_id
    )
    select w.item_id, array(
        select l.item_id from liked l order by l.embedding <=> w.embedding, l.item_id limit 2
    )
    from wanted w
    where w.embedding is not null
$$;
