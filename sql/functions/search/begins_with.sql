-- Whether a text of search_name_starts begins with another one, in a way that its index knows also where a plan is made before the
-- text is known, as it is not for `like`. A plain SQL function, so that the planner inlines it.
create function cinelibre.begins_with(p_text text, p_start text) returns boolean
language sql immutable parallel safe
as $$
    select p_text ~>=~ p_start and p_text ~<~ (p_start || chr(1114111))
$$;
