-- The items a user liked: rated 4 stars or more, or 3 and not below the user's mean; of them the latest p_limit, with their
-- vectors.
create function cinelibre.get_liked_items(p_user_id integer, p_limit integer default 50)
returns table (item_id integer, embedding public.vector(384))
language sql stable
rows 50
as $$
    with liked as materialized (
        select r.item_id
        from public.ratings r
        join public.user_rating_totals t on t.user_id = r.user_id
        where r.user_id = p_user_id
            and (r.half_stars >= 8 or (r.half_stars >= 6 and r.half_stars * t.rating_count >= t.half_stars_sum))
        order by r.updated_at desc, r.item_id
        limit p_limit
    )
    select liked.item_id, coalesce(m.embedding, b.embedding)
    from liked
    left join public.movies m on m.movie_id = liked.item_id
    left join public.books b on b.book_id = liked.item_id
$$;
