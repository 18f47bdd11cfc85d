-- Content-based recommendations (Rocchio's method without negatives; Pazzani & Billsus, 2007): the items nearest to the
-- normalised mean of the vectors of what the user liked. score is the cosine similarity. Rated items are left out.
create function cinelibre.get_content_recommendations(
    p_user_id integer,
    p_limit integer default 20,
    p_item_type public.item_type default null,
    p_languages text[] default null,
    p_genres text[] default null,
    p_year_from integer default null,
    p_year_to integer default null,
    p_after_score double precision default null,
    p_after_id integer default null
) returns table (item_id integer, score double precision)
language plpgsql stable
rows 20
-- A plan for the actual filters: a generic one expects a row or two and loops over thousands.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
    taste public.vector(384);
begin
    select public.l2_normalize(avg(liked.embedding)) into taste from cinelibre.get_liked_items(p_user_id) liked;
    if taste is null then
        return;
    end if;
    return query
    select m.item_id, m.similarity
    from cinelibre.match_items(
        taste, p_limit, p_item_type, p_languages, p_genres, p_year_from, p_year_to, p_after_score, p_after_id, p_user_id
    ) m;
end
$$;
