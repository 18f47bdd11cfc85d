-- Titles for what has been typed so far: those that begin with it, then those with a word that does; of each first those that are
-- written so, and the most rated first. If these are too few, those whose first half (three letters at least) is right and whose second half has a letter that is wrong, missing
-- or too many (Levenshtein), of eight letters and more two; the fewer slips first, then in the same order. If no title begins so,
-- also names that are spelled nearly so (pg_trgm), as the first half may be wrong.
-- p_starts are the keys, without spaces, with which that of a title may begin, the likeliest first; p_text is what was typed in
-- lower case, p_key its key as search_names have it.
-- Of a beginning that very many titles share, 1,000 are looked at, in the order of the alphabet.
create function cinelibre.suggest_titles(
    p_starts text[], p_text text, p_key text, p_limit integer default 8, p_item_type public.item_type default null
)
returns table (item_id integer, item_type public.item_type, name text, title text, year smallint)
language plpgsql stable
rows 8
set pg_trgm.word_similarity_threshold = 0.5
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return query
    with begun as materialized (
        select s.item_id, s.name, s.at_begin
        from unnest(p_starts) as a (start)
        join public.search_name_starts s on cinelibre.begins_with(replace(s.start, ' ', ''), a.start)
        limit 1000
    ),
    named as (
        select distinct on (b.item_id)
            b.item_id, b.name, b.at_begin, strpos(' ' || lower(b.name), ' ' || p_text) > 0 as is_written_so
        from begun b
        where b.item_id not in (select h.item_id from cinelibre.hidden_items h)
            and (
                p_item_type is null
                or exists (select from public.items i where i.item_id = b.item_id and i.item_type = p_item_type)
            )
        order by b.item_id, b.at_begin desc, is_written_so desc, length(b.name)
    ),
    beginning as (
        select n.*, coalesce(t.rating_count, 0) as rating_count
        from named n
        left join public.item_rating_totals t on t.item_id = n.item_id
        order by n.at_begin desc, n.is_written_so desc, rating_count desc, length(n.name), n.item_id
        limit p_limit
    ),
    typed as (
        select
            p_starts[1] as start,
            length(p_starts[1]) as letters,
            left(p_starts[1], greatest(3, (length(p_starts[1]) + 1) / 2)) as half,
            case when length(p_starts[1]) >= 8 then 2 else 1 end as slips
    ),
    half_right as materialized (
        select
            s.item_id,
            s.name,
            s.at_begin,
            least(
                public.levenshtein(left(solid.start, t.letters - 1), t.start),
                public.levenshtein(left(solid.start, t.letters), t.start),
                public.levenshtein(left(solid.start, t.letters + 1), t.start)
            ) as distance
        from typed t
        join public.search_name_starts s on cinelibre.begins_with(replace(s.start, ' ', ''), t.half)
        cross join lateral (select replace(s.start, ' ', '') as start) solid
        -- Levenshtein takes no more than 255.
        where t.letters between 4 and 200 and (select count(*) from beginning) < p_limit
        limit 1000
    ),
    slipped as (
        select
            h.item_id,
            h.name,
            (h.at_begin::integer / 2.0 + coalesce(r.rating_count, 0) / 1e9 - h.distance)::double precision as weight
        from half_right h
        left join public.item_rating_totals r on r.item_id = h.item_id
        where h.distance <= (select t.slips from typed t)
        order by weight desc, length(h.name), h.item_id
        limit 2 * p_limit
    ),
    near as (
        select n.item_id, n.name, public.word_similarity(p_key, n.key) as weight
        from public.search_names n
        where not exists (select from beginning)
            and length(p_key) >= 4
            and not n.is_heard
            and n.key operator(public.%>) p_key
        order by weight desc, length(n.name), n.item_id
        limit 2 * p_limit
    ),
    filling as (
        select distinct on (o.item_id) o.*
        from (
            select s.*, 1 as rank from slipped s
            union all
            select n.*, 0 from near n
        ) o
        where o.item_id not in (select b.item_id from beginning b)
        order by o.item_id, o.rank desc, o.weight desc
    ),
    found as (
        select
            b.item_id, i.item_type, b.name, i.title, i.year, 2 + 2 * b.at_begin::integer + b.is_written_so::integer as rank,
            b.rating_count as weight
        from beginning b
        join public.items i on i.item_id = b.item_id
        union all
        select o.item_id, i.item_type, o.name, i.title, i.year, o.rank, o.weight
        from filling o
        join public.items i on i.item_id = o.item_id
        where i.hidden_at is null and (p_item_type is null or i.item_type = p_item_type)
    )
    select f.item_id, f.item_type, f.name, f.title, f.year
    from found f
    order by f.rank desc, f.weight desc, length(f.name), f.item_id
    limit p_limit;
end
$$;
