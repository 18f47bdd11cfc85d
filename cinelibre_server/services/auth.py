"""AuthService: accounts, sessions and the export of a user's own data."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
from cinelibre.v1 import auth_pb2, auth_pb2_grpc, errors_pb2, ratings_pb2

from cinelibre_server.config import Settings
from cinelibre_server.errors import DomainError, invalid_field, invalid_update_mask
from cinelibre_server.interceptors.call import current_user
from cinelibre_server.security.passwords import PasswordHasher
from cinelibre_server.security.tokens import AccessTokens, new_refresh_token, refresh_token_hash
from cinelibre_server.services.messages import rating_message, timestamp
from cinelibre_server.store.account_data import (
    AccountDataStore,
    AccountRecord,
    StoredInteraction,
    StoredSession,
)
from cinelibre_server.store.ratings import StoredRating
from cinelibre_server.store.sessions import ActiveSession, RefusedToken, SessionStore
from cinelibre_server.store.users import Role, User, UserStore

_Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
_TokenResponse = TypeVar(
    "_TokenResponse",
    auth_pb2.RegisterResponse,
    auth_pb2.LoginResponse,
    auth_pb2.RefreshTokenResponse,
    auth_pb2.ChangePasswordResponse,
)

_TOKEN_TYPE = "Bearer"  # noqa: S105 - the scheme of the authorization header
_CHANGEABLE_FIELDS = ("name",)
_ROLES: dict[Role, "auth_pb2.UserRole.ValueType"] = {
    "user": auth_pb2.USER_ROLE_USER,
    "admin": auth_pb2.USER_ROLE_ADMIN,
}
_INTERACTION_KINDS = {
    "view": ratings_pb2.INTERACTION_KIND_VIEW,
    "click": ratings_pb2.INTERACTION_KIND_CLICK,
    "search": ratings_pb2.INTERACTION_KIND_SEARCH,
}


class AuthService(auth_pb2_grpc.AuthServiceServicer):
    """See proto/cinelibre/v1/auth.proto for what each RPC promises."""

    def __init__(
        self,
        users: UserStore,
        sessions: SessionStore,
        account_data: AccountDataStore,
        passwords: PasswordHasher,
        tokens: AccessTokens,
        settings: Settings,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._account_data = account_data
        self._passwords = passwords
        self._tokens = tokens
        self._settings = settings

    async def Register(self, request: auth_pb2.RegisterRequest, _context: _Context) -> auth_pb2.RegisterResponse:
        self._check_length("password", request.password)
        password_hash = await self._passwords.hash(request.password)
        user = await self._users.create(request.email, password_hash, request.name)
        if user is None:
            raise DomainError(
                grpc.StatusCode.ALREADY_EXISTS,
                errors_pb2.ERROR_REASON_EMAIL_TAKEN,
                "An account with this email exists: log in, or use another email.",
            )
        response = auth_pb2.RegisterResponse(user=_user_message(user))
        return await self._start_session(user.user_id, password_hash, response)

    async def Login(self, request: auth_pb2.LoginRequest, _context: _Context) -> auth_pb2.LoginResponse:
        found = await self._users.find_credentials(request.email)
        # Also without an account, so that the time of the answer doesn't tell which emails have one.
        matches = await self._passwords.verify(request.password, found.password_hash if found else None)
        if found is None or not matches:
            _refuse_credentials("The email or the password is wrong.")
        await self._sessions.delete_expired(found.user.user_id)
        response = auth_pb2.LoginResponse(user=_user_message(found.user))
        return await self._start_session(found.user.user_id, found.password_hash, response)

    async def GetMe(self, _request: auth_pb2.GetMeRequest, _context: _Context) -> auth_pb2.GetMeResponse:
        user = await self._users.get(current_user().user_id)
        return auth_pb2.GetMeResponse(user=_user_message(user or _refuse_deleted_user()))

    async def RefreshToken(
        self, request: auth_pb2.RefreshTokenRequest, _context: _Context
    ) -> auth_pb2.RefreshTokenResponse:
        next_token = new_refresh_token()
        outcome = await self._sessions.rotate(refresh_token_hash(request.refresh_token), refresh_token_hash(next_token))
        if outcome is RefusedToken.REUSED:
            raise DomainError(
                grpc.StatusCode.UNAUTHENTICATED,
                errors_pb2.ERROR_REASON_REFRESH_TOKEN_REUSED,
                "This refresh token was used before, so its session has been ended: log in again.",
            )
        if outcome is RefusedToken.INVALID:
            raise DomainError(
                grpc.StatusCode.UNAUTHENTICATED,
                errors_pb2.ERROR_REASON_REFRESH_TOKEN_INVALID,
                "The refresh token is unknown, expired or revoked: log in again.",
            )
        return self._with_tokens(auth_pb2.RefreshTokenResponse(), outcome, next_token)

    async def Logout(self, request: auth_pb2.LogoutRequest, _context: _Context) -> auth_pb2.LogoutResponse:
        caller = current_user()
        if request.all_sessions:
            ended = await self._sessions.revoke_all(caller.user_id)
        else:
            ended = await self._sessions.revoke(caller.session_id)
        return auth_pb2.LogoutResponse(ended_sessions=ended)

    async def ChangePassword(
        self, request: auth_pb2.ChangePasswordRequest, _context: _Context
    ) -> auth_pb2.ChangePasswordResponse:
        self._check_length("new_password", request.new_password)
        user_id = current_user().user_id
        found = await self._users.get_credentials(user_id) or _refuse_deleted_user()
        if not await self._passwords.verify(request.current_password, found.password_hash):
            _refuse_credentials("The current password is wrong.")
        new_hash = await self._passwords.hash(request.new_password)
        if not await self._users.change_password(user_id, found.password_hash, new_hash):
            _refuse_credentials("The password was changed by another call in the meantime.")
        return await self._start_session(user_id, new_hash, auth_pb2.ChangePasswordResponse())

    async def UpdateMe(self, request: auth_pb2.UpdateMeRequest, _context: _Context) -> auth_pb2.UpdateMeResponse:
        unknown = [path for path in request.update_mask.paths if path not in _CHANGEABLE_FIELDS]
        if unknown or not request.update_mask.paths:
            raise invalid_update_mask(_CHANGEABLE_FIELDS, unknown)
        user = await self._users.rename(current_user().user_id, request.user.name)
        return auth_pb2.UpdateMeResponse(user=_user_message(user or _refuse_deleted_user()))

    async def DeleteMe(self, _request: auth_pb2.DeleteMeRequest, _context: _Context) -> auth_pb2.DeleteMeResponse:
        await self._users.delete(current_user().user_id)
        return auth_pb2.DeleteMeResponse()

    async def ExportMyData(
        self, _request: auth_pb2.ExportMyDataRequest, _context: _Context
    ) -> AsyncIterator[auth_pb2.ExportMyDataResponse]:
        end = auth_pb2.ExportEnd()
        complete = False
        async with aclosing(self._account_data.read(current_user().user_id)) as records:
            async for record in records:
                complete = True
                yield _count_and_convert(record, end)
        if not complete:
            _refuse_deleted_user()
        yield auth_pb2.ExportMyDataResponse(end=end)

    def _check_length(self, field: str, password: str) -> None:
        least = self._settings.password_min_length
        if len(password) < least:
            raise invalid_field(field, f"must have at least {least} characters")

    async def _start_session(self, user_id: int, password_hash: str, response: _TokenResponse) -> _TokenResponse:
        token = new_refresh_token()
        session = await self._sessions.create(
            user_id, password_hash, refresh_token_hash(token), self._settings.refresh_token_seconds
        )
        if session is None:
            _refuse_credentials("The password was changed by another call in the meantime.")
        return self._with_tokens(response, session, token)

    def _with_tokens(self, response: _TokenResponse, session: ActiveSession, refresh_token: str) -> _TokenResponse:
        access_token = self._tokens.issue(session.user_id, session.session_id, not_after=session.expires_at)
        response.access_token = access_token.text
        response.expires_in = access_token.expires_in
        response.refresh_token = refresh_token
        response.token_type = _TOKEN_TYPE
        return response


def _refuse_credentials(message: str) -> NoReturn:
    raise DomainError(grpc.StatusCode.UNAUTHENTICATED, errors_pb2.ERROR_REASON_INVALID_CREDENTIALS, message)


def _refuse_deleted_user() -> NoReturn:
    # The account went away between the check of the token and the answer.
    raise DomainError(
        grpc.StatusCode.UNAUTHENTICATED,
        errors_pb2.ERROR_REASON_SESSION_REVOKED,
        "This account has been deleted.",
    )


def _count_and_convert(record: AccountRecord, end: auth_pb2.ExportEnd) -> auth_pb2.ExportMyDataResponse:
    match record:
        case User():
            return auth_pb2.ExportMyDataResponse(user=_user_message(record))
        case StoredSession():
            end.session_count += 1
            return auth_pb2.ExportMyDataResponse(session=_session_message(record))
        case StoredRating():
            end.rating_count += 1
            return auth_pb2.ExportMyDataResponse(rating=rating_message(record))
        case StoredInteraction():
            end.interaction_count += 1
            return auth_pb2.ExportMyDataResponse(interaction=_interaction_message(record))


def _user_message(user: User) -> auth_pb2.User:
    return auth_pb2.User(
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        create_time=timestamp(user.created_at),
        role=_ROLES[user.role],
    )


def _session_message(session: StoredSession) -> auth_pb2.Session:
    return auth_pb2.Session(
        session_id=str(session.session_id),
        create_time=timestamp(session.created_at),
        expire_time=timestamp(session.expires_at),
        revoke_time=timestamp(session.revoked_at) if session.revoked_at else None,
    )


def _interaction_message(interaction: StoredInteraction) -> ratings_pb2.Interaction:
    return ratings_pb2.Interaction(
        kind=_INTERACTION_KINDS[interaction.kind],
        item_id=interaction.item_id or 0,
        query=interaction.query or "",
        position=interaction.position or 0,
        create_time=timestamp(interaction.created_at),
    )
