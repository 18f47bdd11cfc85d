-- A list as one text that an import splits in the same way: values between |, or a JSON array where that could be misread.
create function cinelibre.list_text(p_values text[]) returns text
language sql immutable
as $$
    select case
        when exists (
            select from unnest(p_values) as listed (value)
            where value like '%|%' or value like '[%' or (cardinality(p_values) = 1 and value ~ '[;,]')
        ) then to_json(p_values)::text
        else array_to_string(p_values, '|')
    end
$$;
