-- The people whose names are meant by each of some keys (name_key), as search_people has them: those of the same letters, whatever
-- the spaces; if there are none, those of whose names the words are a part; if there are none, those whose names sound alike
-- (sound_of_key) and differ in 35 % of the letters at most, or in what is left of them after initials of one or two letters.
create function cinelibre.match_people(p_keys text[]) returns table (asked text, key text)
language plpgsql stable
rows 10
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return query
    with wanted as (
        select w.asked, replace(w.asked, ' ', '') as letters, string_to_array(w.asked, ' ') as words
        from unnest(p_keys) as w (asked)
    ),
    same as materialized (
        select distinct w.asked, s.key
        from wanted w
        join public.search_people s on replace(s.key, ' ', '') = w.letters
    ),
    part as materialized (
        select distinct w.asked, s.key
        from wanted w
        join public.search_people s on string_to_array(s.key, ' ') operator(pg_catalog.@>) w.words
        where w.asked not in (select f.asked from same f)
    ),
    alike as (
        select distinct w.asked, s.key
        from wanted w
        join public.search_people s on public.sound_of_key(s.key) = public.sound_of_key(w.asked)
        where w.asked not in (select f.asked from same f union all select f.asked from part f)
            and public.levenshtein(replace(s.key, ' ', ''), w.letters) <= 0.35 * length(w.letters)
        union
        select w.asked, s.key
        from wanted w
        cross join lateral (
            select array_agg(l.word) filter (where length(l.word) > 2) as long, count(*) filter (where length(l.word) <= 2) as initials
            from unnest(w.words) as l (word)
        ) l
        join public.search_people s on string_to_array(s.key, ' ') operator(pg_catalog.@>) l.long
        where w.asked not in (select f.asked from same f union all select f.asked from part f) and l.initials > 0
    )
    select f.asked, f.key from same f
    union all
    select f.asked, f.key from part f
    union all
    select f.asked, f.key from alike f;
end
$$;

-- The people whom a query names, of the keys of its runs of words, with how much each counts, 0 to 1: a run of several words, or all of
-- a query, counts 1, a single word among others 0.5. With p_is_short also those that sound alike, letter by letter nearly the same,
-- and for single words of four letters and more the five with most items whose first or last name it is, 0.5 each. Of runs within
-- each other the longest counts.
create function cinelibre.get_named_people(p_runs text[], p_is_short boolean)
returns table (run text, key text, weight double precision)
language plpgsql stable
rows 5
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return query
    with runs as (
        select r.run, replace(r.run, ' ', '') as letters, strpos(r.run, ' ') > 0 as has_words
        from unnest(p_runs) as r (run)
    ),
    same as materialized (
        select distinct r.run, s.key
        from runs r
        join public.search_people s on replace(s.key, ' ', '') = r.letters
    ),
    alike as materialized (
        select distinct r.run, s.key
        from runs r
        join public.search_people s on public.sound_of_key(s.key) = public.sound_of_key(r.run)
        where p_is_short
            and length(r.letters) >= 6
            and r.run not in (select f.run from same f)
            and public.levenshtein(replace(s.key, ' ', ''), r.letters) <= 0.25 * length(r.letters)
    ),
    whole as materialized (
        select f.run, f.key from same f
        union all
        select f.run, f.key from alike f
    ),
    part as (
        select r.run, f.key
        from runs r
        cross join lateral (
            select s.key
            from public.search_people s
            where string_to_array(s.key, ' ') operator(pg_catalog.@>) array[r.run]
                and (s.key like r.run || ' %' or s.key like '% ' || r.run)
            group by s.key
            having count(*) >= 3
            order by count(*) desc, s.key
            limit 5
        ) f
        where p_is_short and not r.has_words and length(r.run) >= 4
    ),
    named as (
        select
            w.run,
            w.key,
            case when strpos(w.run, ' ') > 0 or cardinality(p_runs) = 1 then 1.0 else 0.5 end::double precision as weight
        from whole w
        union all
        select p.run, p.key, 0.5 from part p
    )
    select n.run, n.key, max(n.weight)
    from named n
    where not exists (
        select from whole w
        where w.run <> n.run and strpos(' ' || w.run || ' ', ' ' || n.run || ' ') > 0
    )
    group by n.run, n.key;
end
$$;
