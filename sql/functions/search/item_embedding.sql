-- The vector of an item; null when it has none yet.
create function cinelibre.item_embedding(p_item_id integer) returns public.vector(384)
language sql stable
as $$
    select coalesce(
        (select embedding from public.movies where movie_id = p_item_id),
        (select embedding from public.books where book_id = p_item_id)
    )
$$;
