-- The items with a name like the query, the likest first, and that name. similarity is the greatest of
--     how many trigrams the two keys share (pg_trgm), so that a typo costs little;
--     0.9 times how well the query is found inside the name, for partial titles;
--     0.85 for the same sounds, of at least three consonants.
create function cinelibre.get_named_items(p_key text, p_sound text, p_limit integer default 60)
returns table (item_id integer, name text, similarity double precision)
language plpgsql stable
rows 60
set pg_trgm.similarity_threshold = 0.4
set pg_trgm.word_similarity_threshold = 0.75
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return query
    with found as (
        select
            n.item_id,
            n.name,
            greatest(
                public.similarity(n.key, p_key),
                0.9 * public.word_similarity(p_key, n.key),
                case when n.sound = p_sound and length(p_sound) >= 3 then 0.85 else 0 end
            ) as similarity
        from public.search_names n
        where n.key operator(public.%) p_key
            or n.key operator(public.%>) p_key
            or (n.sound = p_sound and length(p_sound) >= 3)
    ),
    best as (
        select distinct on (f.item_id) f.item_id, f.name, f.similarity
        from found f
        order by f.item_id, f.similarity desc, f.name
    )
    select b.item_id, b.name, b.similarity::double precision
    from best b
    left join public.item_rating_totals t on t.item_id = b.item_id
    order by b.similarity desc, coalesce(t.rating_count, 0) desc, b.item_id
    limit p_limit;
end
$$;
