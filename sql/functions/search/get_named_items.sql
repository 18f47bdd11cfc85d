-- The items with a name like one of the texts, the likest first, and that name. p_texts are lower case, p_starts, p_keys and p_sounds
-- theirs, as search_name_starts and search_names have them. Names are looked at that sound like a text, that differ from it in a
-- letter, that have it from one of their words on, and those of p_items; by what an English name sounds like only for texts that
-- are not in ASCII.
--     similarity = 0.8 spelled + 0.2 written                        for names and texts in ASCII, else 0.98 and 0.02
--     spelled    = the greatest of how many trigrams the two keys share (pg_trgm), the edit_similarity of the keys, that of the keys
--                  without spaces if it is 0.7 or so, that of the texts, how well the key is a part of the name's
--                  (part_similarity), with its spaces or, from the name's beginning on, without them, and for names of the same
--                  sounds, which another script or spelling may be all about,
--                  0.35 + 0.3 * the greater of the second and third + 0.3 * the same of what is left of the keys when voiced
--                  consonants count as voiceless ones, which Tamil does not tell apart
--     written    = the greater of the edit_similarity and the part_similarity of the texts: of names that all spell alike the one
--                  that is written so comes first
create function cinelibre.get_named_items(
    p_texts text[], p_starts text[], p_keys text[], p_sounds text[], p_items integer[], p_limit integer default 60
)
returns table (item_id integer, name text, similarity double precision)
language plpgsql stable
rows 60
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return query
    with asked as (
        select
            a.text, replace(a.start, ' ', '') as start, a.key, replace(a.key, ' ', '') as letters, a.sound,
            public.deletions(a.text) as deletions, octet_length(a.text) > length(a.text) as in_other_script
        from unnest(p_texts, p_starts, p_keys, p_sounds) as a (text, start, key, sound)
    ),
    near as (
        select n.ctid as place from asked q join public.search_names n on n.sound = q.sound and length(q.sound) >= 2
        union
        select n.ctid
        from asked q
        join public.search_names n on public.deletions(n.name) operator(pg_catalog.&&) q.deletions and not n.is_heard
        union
        select n.ctid from public.search_names n where n.item_id = any (p_items)
        union
        select n.ctid
        from asked q
        cross join lateral (
            select s.item_id from public.search_name_starts s
            where length(q.start) >= 3 and cinelibre.begins_with(replace(s.start, ' ', ''), q.start)
            limit 50
        ) begun
        join public.search_names n on n.item_id = begun.item_id
    ),
    pairs as materialized (
        select
            n.item_id,
            n.name,
            n.key as name_key,
            q.key,
            q.text,
            q.in_other_script,
            solid.name_letters,
            q.letters,
            -- What is written together may have lost a vowel: munnabhai, munna bhai.
            length(q.letters) >= 5
                and (starts_with(solid.name_letters, q.letters) or starts_with(solid.name_letters, q.start)) as begins,
            public.levenshtein(n.key, q.key) as distance,
            public.levenshtein(solid.name_letters, q.letters) as letter_distance,
            n.sound = q.sound and length(q.sound) >= 2 as sounds_alike
        from public.search_names n
        cross join asked q
        cross join lateral (select replace(n.key, ' ', '') as name_letters) solid
        where n.ctid = any (array(select near.place from near))
            and (q.in_other_script or not n.is_heard)
            -- Shorter ones are alike in less than 0.4 of the text.
            and length(n.key) >= 0.4 * length(q.key)
    ),
    spelled as materialized (
        select
            p.item_id,
            p.name,
            left(lower(p.name), 80) as name_text,
            left(p.text, 80) as text,
            octet_length(p.name) = length(p.name) and not p.in_other_script as in_one_script,
            greatest(
                public.similarity(p.name_key, p.key),
                edited.similarity,
                cinelibre.part_similarity(public.word_similarity(p.key, p.name_key), p.key, p.name_key),
                case when p.begins then cinelibre.part_similarity(1, p.letters, p.name_letters) end,
                case when p.sounds_alike then 0.35 + 0.3 * (edited.similarity + cinelibre.edit_similarity(
                    public.levenshtein(
                        translate(p.name_letters, 'gdbvcjm', 'ktppssn'), translate(p.letters, 'gdbvcjm', 'ktppssn')
                    ),
                    p.name_letters,
                    p.letters
                )) end
            ) as spelled
        from pairs p
        cross join lateral (
            select greatest(
                cinelibre.edit_similarity(p.distance, p.name_key, p.key),
                -- Without spaces all long names are a little alike.
                case
                    when p.letter_distance <= 0.3 * length(p.letters)
                        then cinelibre.edit_similarity(p.letter_distance, p.name_letters, p.letters)
                end
            ) as similarity
        ) edited
    ),
    measured as materialized (
        select
            s.*,
            case when s.in_one_script then public.word_similarity(s.text, s.name_text) else 0 end as text_inside,
            cinelibre.edit_similarity(public.levenshtein(s.name_text, s.text), s.name_text, s.text) as rewritten
        from spelled s
        -- Names whose keys are less alike than this are not alike.
        where s.spelled > 0.3
    ),
    compared as (
        select
            m.item_id,
            m.name,
            m.in_one_script,
            greatest(m.spelled, m.rewritten) as spelled,
            greatest(m.rewritten, cinelibre.part_similarity(m.text_inside, m.text, m.name_text)) as written
        from measured m
    ),
    found as (
        select
            c.item_id,
            c.name,
            case when c.in_one_script then 0.8 * c.spelled + 0.2 * c.written else 0.98 * c.spelled + 0.02 * c.written end
                as similarity
        from compared c
    ),
    best as (
        select distinct on (f.item_id) f.item_id, f.name, f.similarity
        from found f
        where f.similarity > 0.4
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
