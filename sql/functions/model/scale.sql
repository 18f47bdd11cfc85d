-- A vector times a number, which pgvector has no operator for.
create function cinelibre.scale(p_vector public.vector, p_factor double precision) returns public.vector
language sql immutable parallel safe
return p_vector operator(public.*) array_fill(p_factor::real, array[public.vector_dims(p_vector)])::public.vector;
