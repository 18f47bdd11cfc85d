-- What a search finds, the best first. Four readings of the query choose candidates, and each candidate is scored by all:
--     dense(i)   = the greatest inner product of the query's vector and those of the passages of i's synopsis
--                  + 0.35 * that of its credits + 0.4 * that of all its text: what a story is about as a whole;
--     lexical(i) = sum over the query's terms t of idf(t) * impact(t, i), which is BM25 (Robertson & Zaragoza, 2009);
--     name(i)    = how alike the query and a name of i are, 0 to 1 (get_named_items);
--     people(i)  = how many of the people that the query names (get_named_people) have made or played in i, by how much each counts;
--     x(i)       = dense / 0.015 + 0.13 * lexical + 10 * max(0, name - 0.4) + 30 * max(0, name - 0.8) + 6 * people
--                  + p_wish_weight for each wish that i fulfils
--     score(i)   = 1 / (1 + exp(-x / 20))
-- Sums of scores keep more of what each reading knows than sums of ranks do (Bruch, Gai & Ingber, TOIS 2023), and do not
-- depend on what else is found, so that filters keep the order. The weights were chosen on two sets of queries, one of
-- short ones in Indian languages, one of long ones in English; any within a factor of 2 do nearly as well.
-- The query's vector has the mean of queries in its script taken off, so that passages near to all of them lose
-- their advantage (hubs: Radovanović et al., JMLR 2010; Smith et al., ICLR 2017); it need not be of length 1. Null, or of
-- another model than p_fingerprint says, and it is left out.
-- p_names are what of the query may be a title; none of one that is too long for that. p_named_people are the keys of what in it
-- may be people's names.
-- Filters are strict, wishes (p_wished_*) only lift. Where few items pass the filters, all of their passages are compared.
-- matched is name, credits or synopsis; a passage is given by its first character and its length.
-- Keyset paging as in get_popular_items; candidates are the same for each page.
create function cinelibre.search_items(
    p_embedding public.halfvec(384),
    p_fingerprint text,
    p_terms text[],
    p_term_counts integer[],
    p_names text[],
    p_starts text[],
    p_name_keys text[],
    p_sounds text[],
    p_named_people text[] default '{}',
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_people text[] default null,
    p_min_stars double precision default null,
    p_wished_type public.item_type default null,
    p_wished_languages text[] default null,
    p_wished_genres text[] default null,
    p_wished_year_from integer default null,
    p_wished_year_to integer default null,
    p_wish_weight double precision default 1,
    p_after_score double precision default null,
    p_after_id integer default null
) returns table (
    item_id integer,
    score double precision,
    matched text,
    first_character integer,
    character_count integer,
    name text,
    name_similarity double precision,
    named_people text[]
)
language plpgsql stable
rows 20
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    is_filtered constant boolean := num_nonnulls(
        p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
    ) > 0;
    has_wishes constant boolean := num_nonnulls(
        p_wished_type, p_wished_languages, p_wished_genres, p_wished_year_from, p_wished_year_to
    ) > 0;
    query public.halfvec(384) := p_embedding;
    few_passing integer[];
    near integer[] := '{}';
begin
    if not exists (select from public.embedding_model m where m.fingerprint = p_fingerprint) then
        query := null;
    end if;
    if is_filtered then
        few_passing := cinelibre.get_few_passing(
            p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
        );
    end if;
    if query is not null then
        near := cinelibre.get_nearest_passages(
            query,
            p_among => few_passing,
            p_item_type => p_item_type,
            p_languages => p_languages,
            p_genres => p_genres,
            p_year_from => p_year_from,
            p_year_to => p_year_to,
            p_people => p_people,
            p_min_stars => p_min_stars
        );
        if few_passing is null and num_nonnulls(p_wished_type, p_wished_languages, p_wished_year_from, p_wished_year_to) > 0 then
            -- What many items fulfil is among the nearest anyway.
            few_passing := cinelibre.get_few_passing(
                coalesce(p_item_type, p_wished_type), coalesce(p_languages, p_wished_languages), p_genres,
                coalesce(p_year_from, p_wished_year_from), coalesce(p_year_to, p_wished_year_to), p_people, p_min_stars,
                1000
            );
            if few_passing is not null then
                near := near || cinelibre.get_nearest_passages(query, 100, few_passing);
            end if;
        end if;
    end if;
    return query
    with term_scores as materialized (
        select t.item_id, t.score from cinelibre.get_term_scores(p_terms, p_term_counts) t
    ),
    named as materialized (
        select n.item_id, n.name, n.similarity from cinelibre.get_named_items(
            p_names, p_starts, p_name_keys, p_sounds,
            array(select t.item_id from term_scores t order by t.score desc, t.item_id limit 60)
        ) n
        where cardinality(p_names) > 0
    ),
    by_people as materialized (
        select m.item_id, array_agg(distinct m.key order by m.key) as keys, sum(m.weight) filter (where m.is_first) as weight
        from (
            select
                s.item_id, s.key, n.weight,
                row_number() over (partition by s.item_id, n.run order by n.weight desc) = 1 as is_first
            from cinelibre.get_named_people(p_named_people, cardinality(p_names) > 0) n
            join public.search_people s on s.key = n.key
            join public.items i on i.item_id = s.item_id
            where cinelibre.search_passes(
                i, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
            )
        ) m
        group by m.item_id
        order by weight desc, m.item_id
        limit 300
    ),
    found as (
        select
            u.item_id, null::text as name, null::double precision as similarity, null::text[] as people,
            0::double precision as people_weight
        from unnest(near) as u (item_id)
        union all
        select n.item_id, n.name, n.similarity, null, 0 from named n
        union all
        select p.item_id, null, null, p.keys, p.weight from by_people p
        union all
        (
            select t.item_id, null, null, null, 0 from term_scores t
            where not is_filtered
                or (
                    select cinelibre.search_passes(
                        i, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
                    )
                    from public.items i
                    where i.item_id = t.item_id
                )
            order by t.score desc, t.item_id
            limit 100
        )
    ),
    candidates as materialized (
        select c.*, coalesce(t.score, 0) as lexical
        from (
            select
                f.item_id,
                max(f.name) as name,
                coalesce(max(f.similarity), 0) as similarity,
                coalesce(max(f.people), '{}') as named_people,
                max(f.people_weight) as people_weight
            from found f
            group by f.item_id
        ) c
        left join term_scores t on t.item_id = c.item_id
    ),
    dense as materialized (
        -- Null without a query's vector.
        select
            p.item_id,
            max(-(p.embedding operator(public.<#>) query)) filter (where p.place = 0) as credits,
            max(-(p.embedding operator(public.<#>) query)) filter (where p.place > 0) as story,
            max(-(p.embedding operator(public.<#>) query)) filter (where p.place = -1) as whole
        from public.passages p
        where p.item_id = any (array(select c.item_id from candidates c))
        group by p.item_id
    ),
    readings as (
        select
            c.*,
            greatest(0, c.similarity - 0.4) as alike,
            case
                when has_wishes then (
                    select
                        coalesce((i.item_type = p_wished_type)::integer, 0)
                            + coalesce((i.language = any (p_wished_languages))::integer, 0)
                            + case
                                when p_wished_genres is null then 0
                                else coalesce((lower(i.genres::text)::text[] && p_wished_genres)::integer, 0)
                            end
                            + case
                                when num_nonnulls(p_wished_year_from, p_wished_year_to) = 0 then 0
                                else coalesce(
                                    (
                                        i.year between coalesce(p_wished_year_from, 0) and coalesce(p_wished_year_to, 9999)
                                    )::integer,
                                    0
                                )
                            end
                    from public.items i
                    where i.item_id = c.item_id
                )
                else 0
            end as fulfilled,
            dense.credits,
            dense.story,
            dense.whole
        from candidates c
        left join dense on dense.item_id = c.item_id
        where case
            when is_filtered then (
                select cinelibre.search_passes(
                    i, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
                )
                from public.items i
                where i.item_id = c.item_id
            )
            else c.item_id not in (select h.item_id from cinelibre.hidden_items h)
        end
    ),
    -- Materialized: a score that is computed in comes_after would keep that from being inlined.
    scored as materialized (
        select
            r.*,
            1 / (1 + exp(-(
                (coalesce(r.story, r.credits, 0) + 0.35 * coalesce(r.credits, 0) + 0.4 * coalesce(r.whole, r.credits, 0)) / 0.015
                + 0.13 * r.lexical
                + 10 * r.alike + 30 * greatest(0, r.alike - 0.4)
                + 6 * r.people_weight
                + p_wish_weight * r.fulfilled
            ) / 20)) as score
        from readings r
    ),
    page as (
        select d.* from scored d
        where cinelibre.comes_after(d.score, d.item_id, p_after_score, p_after_id)
        order by d.score desc, d.item_id
        limit p_limit
    )
    select
        d.item_id,
        d.score,
        case
            when d.alike > 0.1 and (d.named_people = '{}' or d.alike > 0.4) then 'name'
            when d.story is null or d.credits > d.story or d.named_people <> '{}' then 'credits'
            else 'synopsis'
        end,
        coalesce(best.first_character, 0),
        coalesce(best.character_count, 0),
        d.name,
        d.similarity,
        d.named_people
    from page d
    left join lateral (
        select p.first_character, p.character_count
        from public.passages p
        where p.item_id = d.item_id and p.place > 0 and query is not null
        order by (p.embedding operator(public.<#>) query) + 0, p.place
        limit 1
    ) best on true
    order by d.score desc, d.item_id;
end
$$;
