-- A title without what people write in different ways: case, Latin accents, white space and punctuation.
create function title_key(title text) returns text
language sql immutable strict parallel safe
return regexp_replace(
    translate(lower(title), 'àáâãäåāăąçćčďèéêëēėęěğìíîïīįıłñńňòóôõöøōőřśšșşțţťùúûüūůűýÿžźż',
        'aaaaaaaaacccdeeeeeeeegiiiiiiilnnnoooooooorsssstttuuuuuuuyyzzz'),
    '[[:space:][:punct:]]+', '', 'g');

-- Ratings of other services are matched by title.
create index items_title_key_idx on items (title_key(title));
create index items_original_title_key_idx on items (title_key(original_title));
