-- Folds a user's ratings into factors: the mean of p given targets t_j = v_j . p + noise of variance 1 / w_j and the prior
-- p ~ N(prior, I),
--     p = prior + (I + sum of w_j v_j v_j')^-1 * sum of w_j v_j (t_j - v_j . prior),
-- which is the user's step of alternating least squares (Hu, Koren & Volinsky, ICDM 2008) and the posterior mean of a
-- Gaussian process whose kernel is the items' (Lawrence & Urtasun, ICML 2009). Training scales the vectors so that the prior
-- precision is I.
-- Solved by conjugate gradients (Hestenes & Stiefel, 1952) until a thousandth of the residual at the prior is left; the prior
-- makes the system well conditioned, so that this takes three to six steps from there, and two or three from a start that was
-- the solution before the latest rating.
-- The arrays are unnested in a select list, row by row: unnest() of several in a from clause stores them all first.
create function cinelibre.fold_in(
    p_vectors public.vector[],
    p_targets double precision[],
    p_weights double precision[],
    p_prior public.vector default null,
    p_tolerance double precision default 1e-3,
    p_start public.vector default null
) returns public.vector
language plpgsql immutable parallel safe
as $$
declare
    max_steps constant integer := 24;
    -- Where it counts, scale without the call.
    dimensions constant integer[] := array[public.vector_dims(p_vectors[1])];
    prior constant public.vector := coalesce(p_prior, array_fill(0::real, dimensions)::public.vector);
    solution public.vector := coalesce(p_start, prior);
    -- At the prior.
    first_residual public.vector;
    residual public.vector;
    direction public.vector;
    product public.vector;
    size double precision;
    last_size double precision;
    first_size double precision;
    step double precision;
begin
    select sum(
        o.v operator(public.*)
        array_fill((o.w * (o.t + (o.v operator(public.<#>) prior)))::real, dimensions)::public.vector
    )
    into first_residual
    from (select unnest(p_vectors) as v, unnest(p_targets) as t, unnest(p_weights) as w) o;
    first_size := -(first_residual operator(public.<#>) first_residual);
    residual := first_residual;
    if p_start is not null then
        direction := prior operator(public.-) p_start;
        select first_residual operator(public.+) direction operator(public.+) sum(
            o.v operator(public.*)
            array_fill((-o.w * (o.v operator(public.<#>) direction))::real, dimensions)::public.vector
        )
        into residual
        from (select unnest(p_vectors) as v, unnest(p_weights) as w) o;
    end if;
    direction := residual;
    size := -(residual operator(public.<#>) residual);
    for n in 1..max_steps loop
        exit when size <= p_tolerance ^ 2 * first_size or size = 0;
        select direction operator(public.+) sum(
            o.v operator(public.*)
            array_fill((-o.w * (o.v operator(public.<#>) direction))::real, dimensions)::public.vector
        )
        into product
        from (select unnest(p_vectors) as v, unnest(p_weights) as w) o;
        step := size / -(direction operator(public.<#>) product);
        solution := solution operator(public.+) cinelibre.scale(direction, step);
        residual := residual operator(public.-) cinelibre.scale(product, step);
        last_size := size;
        size := -(residual operator(public.<#>) residual);
        direction := residual operator(public.+) cinelibre.scale(direction, size / last_size);
    end loop;
    return solution;
end
$$;
