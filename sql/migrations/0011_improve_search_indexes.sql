-- For words with a typo: a text of 3 to 20 characters in lower case, and what is left of it without each of them (symmetric
-- deletions, as in SymSpell; Garbe, 2012). Texts that differ in one character, or in two neighbours that changed places, share one.
-- Nothing for other texts. It is here, and not among the functions, because indexes depend on it.
create function public.deletions(p_text text) returns text[]
language sql immutable parallel safe
as $$
    select case
        when length(p_text) between 3 and 20 then array(
            select left(lower(p_text), n) || substr(lower(p_text), n + 2) from generate_series(0, length(p_text)) n
        )
        else '{}'
    end
$$;
create index search_names_deletions_idx on search_names using gin (deletions(name));
create index search_term_counts_deletions_idx on search_term_counts using gin (deletions(term));

-- Items of few languages and years.
create index items_language_idx on items (language, year);
create index items_year_idx on items (year);

-- Credits and stories lie far apart: in one graph a search that begins among the one hardly gets to the other. And queries lie
-- farther from stories than stories from each other: a denser graph than the default finds 98 % and more of the nearest ten of
-- 100,000, the default one 95 %.
drop index passages_embedding_idx;
create index passages_credits_idx on passages using hnsw (embedding halfvec_ip_ops) where place = 0;
create index passages_story_idx on passages using hnsw (embedding halfvec_ip_ops) with (m = 24, ef_construction = 128)
    where place > 0;
