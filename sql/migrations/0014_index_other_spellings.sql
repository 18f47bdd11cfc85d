-- The sound_key of a name's key, which `cinelibre_server/search/romanization.py` explains. It is here, and not among the functions,
-- because an index depends on it.
create function public.sound_of_key(p_key text) returns text
language sql immutable parallel safe
return lower(
    regexp_replace(
        translate(regexp_replace(p_key, '\m[aeiou]', 'A', 'g'), 'gcjdbvmaeiouh ', 'ksstppn'),
        '(.)\1+', '\1', 'g'
    )
);

-- People as others spell them: with other spaces, with the same sounds, by a part of their name.
create index search_people_letters_idx on search_people (replace(key, ' ', ''));
create index search_people_sound_idx on search_people (sound_of_key(key));
create index search_people_words_idx on search_people using gin (string_to_array(key, ' ')) with (fastupdate = off);

-- Beginnings of titles, whether or not there are spaces in what is typed.
drop index search_name_starts_start_idx;
create index search_name_starts_letters_idx on search_name_starts (replace(start, ' ', '') text_pattern_ops);

-- How many rows an expression leads to is known from now on only.
analyze search_people, search_name_starts;
