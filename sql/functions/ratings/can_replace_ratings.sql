-- Whether an import may put a table of its own in the place of ratings: there are few ratings to move over, none of a user of
-- the source, and nobody but us has attached to the table what would be lost with it (views, grants, policies, publications,
-- foreign keys, settings).
create function cinelibre.can_replace_ratings(p_source text, p_most_ratings integer) returns boolean
language sql volatile
as $$
    select (select count(*) from (select from public.ratings limit p_most_ratings + 1) as counted) <= p_most_ratings
        and not exists (select from public.ratings r join public.users u using (user_id) where u.source = p_source)
        and exists (
            select from pg_class c
            where c.oid = 'public.ratings'::regclass and c.relkind = 'r' and pg_has_role(c.relowner, 'usage')
                and c.relacl is null and not c.relrowsecurity and not c.relhassubclass and not c.relispartition
                and not exists (select from unnest(c.reloptions) as o (option) where o.option like 'autovacuum_enabled=%')
                and not exists (
                    select from pg_depend d
                    where d.deptype = 'n'
                        and ((d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid)
                            or (d.refclassid = 'pg_type'::regclass and d.refobjid = c.reltype))
                        and not exists (
                            select from pg_constraint own
                            where d.classid = 'pg_constraint'::regclass and own.oid = d.objid and own.conrelid = c.oid
                        )
                )
        )
        and not exists (select from pg_publication p where p.puballtables)
        and not exists (select from pg_publication_rel p where p.prrelid = 'public.ratings'::regclass)
$$;
