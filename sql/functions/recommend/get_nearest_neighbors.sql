-- The neighbours of get_neighborhood, the best first.
create function cinelibre.get_nearest_neighbors(p_user_id integer)
returns table (neighbor_id integer, correlation double precision, overlap integer)
language sql volatile
rows 50
as $$
    select u.id, u.r, u.n
    from cinelibre.get_neighborhood(p_user_id) c
    cross join unnest(c.neighbor_ids, c.correlations, c.common_counts) with ordinality as u (id, r, n, place)
    order by u.place
$$;
