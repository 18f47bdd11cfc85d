-- The items with a name like one of the texts, the likest first, and that name. p_texts are lower case, p_keys and p_sounds theirs,
-- as search_names has them. similarity is the greatest of
--     how many trigrams the two keys share (pg_trgm);
--     1 - d / length of the longer, with the edit distance d (Levenshtein, 1966) of the keys or of the texts, so that a typo costs
--     little;
--     how well the text is found inside the name, times 0.7 to 0.95 by how much of the name it is, for partial titles;
--     0.35 + 0.6 times the second for names of the same sounds, which another script or spelling may be all about;
-- and 0.02 less by all of the texts' distance: of names that all spell alike the one that is written so comes first.
create function cinelibre.get_named_items(p_texts text[], p_keys text[], p_sounds text[], p_limit integer default 60)
returns table (item_id integer, name text, similarity double precision)
language plpgsql stable
rows 60
set pg_trgm.similarity_threshold = 0.3
set pg_trgm.word_similarity_threshold = 0.75
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return query
    with alike as (
        select
            n.item_id,
            n.name,
            public.similarity(n.key, q.key) as shared,
            public.word_similarity(q.key, n.key)
                * (0.7 + 0.25 * least(1, length(q.key)::real / length(n.key))) as inside,
            1 - public.levenshtein(n.key, q.key)::real / greatest(length(n.key), length(q.key)) as edited,
            1 - public.levenshtein(left(lower(n.name), 80), left(q.text, 80))::real
                / greatest(1, length(left(n.name, 80)), length(left(q.text, 80))) as written,
            n.sound = q.sound and length(q.sound) >= 2 as sounds_alike
        from unnest(p_texts, p_keys, p_sounds) as q (text, key, sound)
        join public.search_names n
            on n.key operator(public.%) q.key
            or n.key operator(public.%>) q.key
            or (n.sound = q.sound and length(q.sound) >= 2)
    ),
    found as (
        select
            a.item_id,
            a.name,
            0.98 * greatest(
                a.shared, a.edited, a.written, a.inside,
                case when a.sounds_alike then 0.35 + 0.6 * a.edited else 0 end
            ) + 0.02 * a.written as similarity
        from alike a
    ),
    best as (
        select distinct on (f.item_id) f.item_id, f.name, f.similarity
        from found f
        order by f.item_id, f.similarity desc, f.name
    )
    select b.item_id, b.name, b.similarity::double precision
    from best b
    join public.items i on i.item_id = b.item_id and i.hidden_at is null
    left join public.item_rating_totals t on t.item_id = b.item_id
    order by b.similarity desc, coalesce(t.rating_count, 0) desc, b.item_id
    limit p_limit;
end
$$;
