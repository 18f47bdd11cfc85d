-- What a search finds, the best first. Three readings of the query choose candidates, and each candidate is scored by all:
--     dense(i)   = the greatest inner product of the query's vector and those of the passages of i's synopsis, plus
--                  0.5 * that of its credits;
--     lexical(i) = sum over the query's terms t of idf(t) * impact(t, i), which is BM25 (Robertson & Zaragoza, 2009);
--     name(i)    = how alike the query and a name of i are, 0 to 1 (get_named_items).
--     x(i)       = dense / 0.015 + 0.12 * lexical + 10 * max(0, name - 0.4) + p_wish_weight for each wish that i fulfils
--     score(i)   = 1 / (1 + exp(-x / 20))
-- Sums of scores keep more of what each reading knows than sums of ranks do (Bruch, Gai & Ingber, TOIS 2023), and do not
-- depend on what else is found, so that filters keep the order. The weights were chosen on two sets of queries, one of
-- short ones in Indian languages, one of long ones in English; any within a factor of 2 do nearly as well.
-- The query's vector has the mean of queries in its script taken off, so that passages near to all of them lose
-- their advantage (hubs: Radovanović et al., JMLR 2010; Smith et al., ICLR 2017); it need not be of length 1. Null, or of
-- another model than p_fingerprint says, and it is left out.
-- p_names are what of the query may be a name; none of one that is too long for that.
-- Filters are strict, wishes (p_wished_*) only lift. Where few items pass the filters, all of their passages are compared.
-- matched is name, credits or synopsis; a passage is given by its first character and its length.
-- Keyset paging as in get_popular_items; candidates are the same for each page.
create function cinelibre.search_items(
    p_embedding public.halfvec(384),
    p_fingerprint text,
    p_terms text[],
    p_term_counts integer[],
    p_names text[],
    p_name_keys text[],
    p_sounds text[],
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
    name_similarity double precision
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
            query, 250, few_passing, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
        );
        if has_wishes and few_passing is null then
            near := near || cinelibre.get_nearest_passages(
                query, 100, null,
                coalesce(p_item_type, p_wished_type), coalesce(p_languages, p_wished_languages),
                coalesce(p_genres, p_wished_genres), coalesce(p_year_from, p_wished_year_from),
                coalesce(p_year_to, p_wished_year_to), p_people, p_min_stars
            );
        end if;
    end if;
    return query
    with term_scores as materialized (
        select t.item_id, t.score from cinelibre.get_term_scores(p_terms, p_term_counts) t
    ),
    named as materialized (
        select n.item_id, n.name, n.similarity from cinelibre.get_named_items(p_names, p_name_keys, p_sounds) n
    ),
    chosen as (
        select u.item_id from unnest(near) as u (item_id)
        union
        select n.item_id from named n
        union
        (
            select t.item_id from term_scores t
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
        select
            i.item_id,
            coalesce((i.item_type = p_wished_type)::integer, 0)
                + coalesce((i.language = any (p_wished_languages))::integer, 0)
                + coalesce((lower(i.genres::text)::text[] && p_wished_genres)::integer, 0)
                + case
                    when num_nonnulls(p_wished_year_from, p_wished_year_to) = 0 then 0
                    else coalesce(
                        (i.year between coalesce(p_wished_year_from, 0) and coalesce(p_wished_year_to, 9999))::integer, 0
                    )
                end as fulfilled
        from chosen c
        join public.items i on i.item_id = c.item_id
        where cinelibre.search_passes(
            i, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_people, p_min_stars
        )
    ),
    products as (
        select p.item_id, p.place, p.first_character, p.character_count, -(p.embedding operator(public.<#>) query) as product
        from candidates c
        join public.passages p on p.item_id = c.item_id
        where query is not null
    ),
    best_passages as materialized (
        select distinct on (p.item_id) p.item_id, p.first_character, p.character_count, p.product
        from products p
        where p.place > 0
        order by p.item_id, p.product desc, p.place
    ),
    readings as materialized (
        select
            c.item_id,
            c.fulfilled,
            b.first_character,
            b.character_count,
            b.product as story,
            credits.product as credits,
            coalesce(b.product, credits.product, 0) + 0.5 * coalesce(credits.product, 0) as dense,
            coalesce(t.score, 0) as lexical,
            n.name,
            greatest(0, coalesce(n.similarity, 0) - 0.4) as alike,
            coalesce(n.similarity, 0) as similarity
        from candidates c
        left join best_passages b on b.item_id = c.item_id
        left join products credits on credits.item_id = c.item_id and credits.place = 0
        left join term_scores t on t.item_id = c.item_id
        left join named n on n.item_id = c.item_id
    ),
    scored as (
        select
            r.*,
            1 / (1 + exp(-(r.dense / 0.015 + 0.12 * r.lexical + 10 * r.alike + p_wish_weight * r.fulfilled) / 20)) as score
        from readings r
    )
    select
        d.item_id,
        d.score,
        case
            when d.alike > 0.1 then 'name'
            when d.story is null or d.credits > d.story then 'credits'
            else 'synopsis'
        end,
        coalesce(d.first_character, 0),
        coalesce(d.character_count, 0),
        d.name,
        d.similarity::double precision
    from scored d
    where cinelibre.comes_after(d.score, d.item_id, p_after_score, p_after_id)
    order by d.score desc, d.item_id
    limit p_limit;
end
$$;
