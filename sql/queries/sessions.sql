-- name: create_session
-- Starts a session with its first refresh token, unless the account is gone or has another password than was checked.
-- The share lock makes a password change wait for this session, so that it ends it with the others.
with account as (
    select user_id
    from users
    where user_id = $1::int and password_hash = $2::text
    for share
), new_session as (
    insert into sessions (user_id, expires_at)
    select user_id, now() + make_interval(secs => $4::float8)
    from account
    returning session_id, user_id, expires_at
), first_token as (
    insert into refresh_tokens (token_hash, session_id)
    select $3::bytea, session_id
    from new_session
)
select session_id, user_id, expires_at
from new_session;

-- name: lock_session_of_token
-- Finds the session of a refresh token and keeps others from it until the transaction ends.
select session_id, user_id, expires_at, (revoked_at is null and expires_at > now()) as is_active
from sessions
where session_id = (select session_id from refresh_tokens where token_hash = $1::bytea)
for update;

-- name: is_token_used
-- Tells whether a refresh token was exchanged before.
select used_at is not null
from refresh_tokens
where token_hash = $1::bytea;

-- name: replace_token
-- Marks a refresh token as used and adds the one that follows it.
with used_token as (
    update refresh_tokens
    set used_at = now()
    where token_hash = $1::bytea
    returning session_id
)
insert into refresh_tokens (token_hash, session_id)
select $2::bytea, session_id
from used_token;

-- name: revoke_session
-- Ends one session, if it goes on, and counts it.
with ended as (
    update sessions
    set revoked_at = now()
    where session_id = $1::uuid and revoked_at is null and expires_at > now()
    returning session_id
)
select count(*)::int
from ended;

-- name: revoke_sessions_of_user
-- Ends all sessions of a user that go on, and counts them.
with ended as (
    update sessions
    set revoked_at = now()
    where user_id = $1::int and revoked_at is null and expires_at > now()
    returning session_id
)
select count(*)::int
from ended;

-- name: delete_expired_sessions
-- Forgets a user's expired sessions with their refresh tokens; those that another call holds wait for the next time.
delete from sessions
where session_id in (
    select session_id
    from sessions
    where user_id = $1::int and expires_at <= now()
    for update skip locked
);

-- name: list_active_sessions
-- Of the given sessions, those that are neither revoked nor expired, with their users and whether these are admins.
-- (The list is a subquery so that one plan does for all lengths: for a bare parameter every call would be planned anew, which takes
-- longer than running it.)
select s.session_id, s.user_id, u.role = 'admin' as is_admin
from sessions s
join users u on u.user_id = s.user_id
where s.session_id = any(array(select unnest($1::uuid[]))) and s.revoked_at is null and s.expires_at > now();
