-- Of the given sessions, those that are neither revoked nor expired, with their users and whether these are admins.
create function cinelibre.get_active_sessions(p_session_ids uuid[])
returns table (session_id uuid, user_id integer, is_admin boolean)
language plpgsql stable
rows 1
-- As a bare statement it would be planned in every call, which takes ten times as long as running it.
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return query
    select s.session_id, s.user_id, u.role = 'admin'
    from public.sessions s
    join public.users u on u.user_id = s.user_id
    where s.session_id = any (p_session_ids) and s.revoked_at is null and s.expires_at > now();
end
$$;
