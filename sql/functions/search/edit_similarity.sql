-- Whether two neighbours have changed places, and all else is alike.
create function cinelibre.is_swapped(p_text text, p_other text) returns boolean
language sql immutable parallel safe
as $$
    select exists (
        select from generate_series(1, length(p_text) - 1) n
        where left(p_text, n - 1) || substr(p_text, n + 1, 1) || substr(p_text, n, 1) || substr(p_text, n + 2) = p_other
    )
$$;

-- How alike two short texts are, 0 to 1: 1 - d / length of the longer, with their edit distance d (Levenshtein, 1966). The first edit,
-- a mere typo, counts half; so do two neighbours that changed places, if that is all (Damerau, 1964).
create function cinelibre.edit_similarity(p_distance integer, p_text text, p_other text) returns double precision
language sql immutable parallel safe
as $$
    select 1 - (
        case
            when p_distance = 0 then 0
            when p_distance = 2 and length(p_text) = length(p_other) and cinelibre.is_swapped(p_text, p_other) then 0.5
            else p_distance - 0.5
        end
    )::double precision / greatest(1, length(p_text), length(p_other))
$$;

-- How well a text is found inside another, 0 to 1: their word similarity (pg_trgm), times 0.7 to 0.95 by how much of the other it is.
create function cinelibre.part_similarity(p_word_similarity double precision, p_text text, p_whole text)
returns double precision
language sql immutable parallel safe
as $$
    select p_word_similarity * (0.7 + 0.25 * least(1, length(p_text)::double precision / greatest(1, length(p_whole))))
$$;
