"""Accounts and sessions."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import grpc
from cinelibre.v1 import auth_pb2
from google.protobuf.field_mask_pb2 import FieldMask

from .caller import Caller
from .errors import CineLibreError
from .session import Session, Tokens

if TYPE_CHECKING:
    from cinelibre.v1.auth_pb2_grpc import AuthServiceAsyncStub


class AccountMethods:
    """The calls of AuthService. New tokens are taken into use and handed to `on_tokens`."""

    _auth: "AuthServiceAsyncStub"
    _caller: Caller
    _session: Session

    @property
    def tokens(self) -> Tokens | None:
        """The tokens in use; None while nobody is signed in."""
        return self._session.tokens

    async def register(self, email: str, password: str, name: str = "") -> auth_pb2.User:
        """Creates an account, signs it in and returns it.

        password: at least 6 characters, at most 72 bytes in UTF-8.
        Raises CineLibreError: ERROR_REASON_EMAIL_TAKEN; ERROR_REASON_INVALID_FIELD for a bad argument.
        """
        request = auth_pb2.RegisterRequest(email=email, password=password, name=name)
        response = await self._caller.unary(self._auth.Register, request, idempotent=False)
        self._session.sign_in(response)
        return response.user

    async def login(self, email: str, password: str) -> auth_pb2.User:
        """Signs a user in, in a new session, and returns the account.

        Raises CineLibreError: ERROR_REASON_INVALID_CREDENTIALS for an unknown email or a wrong password.
        """
        request = auth_pb2.LoginRequest(email=email, password=password)
        response = await self._caller.unary(self._auth.Login, request, idempotent=False)
        self._session.sign_in(response)
        return response.user

    async def get_me(self) -> auth_pb2.User:
        """Returns the signed-in user.

        Raises CineLibreError: UNAUTHENTICATED when nobody is signed in or the session has ended.
        """
        response = await self._caller.unary(self._auth.GetMe, auth_pb2.GetMeRequest(), signed_in=True)
        return response.user

    async def refresh(self) -> None:
        """Exchanges the tokens for new ones. Calls do it by themselves when the access token has expired.

        Raises CineLibreError: ERROR_REASON_TOKEN_MISSING when nobody is signed in;
        ERROR_REASON_REFRESH_TOKEN_INVALID or _REUSED when the user has to log in again.
        """
        tokens = self._session.tokens
        if tokens is None:
            raise CineLibreError(
                grpc.StatusCode.UNAUTHENTICATED,
                "ERROR_REASON_TOKEN_MISSING",
                "Nobody is signed in.",
            )
        await self._session.renew(tokens)

    async def logout(self, *, all_sessions: bool = False) -> int:
        """Ends this session, or all of the user's; returns how many ended, and forgets the tokens.

        Raises CineLibreError: UNAUTHENTICATED when nobody is signed in, or a first answer was lost.
        """
        request = auth_pb2.LogoutRequest(all_sessions=all_sessions)
        response = await self._caller.unary(self._auth.Logout, request, signed_in=True)
        self._session.sign_out()
        return response.ended_sessions

    async def change_password(self, current_password: str, new_password: str) -> None:
        """Sets a new password, ends every session of the user and goes on in a new one.

        Raises CineLibreError: ERROR_REASON_INVALID_CREDENTIALS if the current password is wrong;
        ERROR_REASON_INVALID_FIELD if the new one is too short or too long.
        """
        request = auth_pb2.ChangePasswordRequest(current_password=current_password, new_password=new_password)
        response = await self._caller.unary(self._auth.ChangePassword, request, signed_in=True, idempotent=False)
        self._session.sign_in(response)

    async def update_me(self, *, name: str) -> auth_pb2.User:
        """Changes the name to show (at most 100 characters) and returns the account.

        Raises CineLibreError: ERROR_REASON_INVALID_FIELD if it is too long; UNAUTHENTICATED without a user.
        """
        request = auth_pb2.UpdateMeRequest(user=auth_pb2.User(name=name), update_mask=FieldMask(paths=["name"]))
        response = await self._caller.unary(self._auth.UpdateMe, request, signed_in=True)
        return response.user

    async def delete_me(self) -> None:
        """Deletes the account with all that belongs to it, and forgets the tokens. It can't be undone.

        Raises CineLibreError: UNAUTHENTICATED when nobody is signed in, or a first answer was lost.
        """
        await self._caller.unary(self._auth.DeleteMe, auth_pb2.DeleteMeRequest(), signed_in=True)
        self._session.sign_out()

    async def export_my_data(self) -> AsyncIterator[auth_pb2.ExportMyDataResponse]:
        """Yields everything that is stored about the user; the last record is `end`, with the counts.

        It may take six times the client's timeout.
        Raises CineLibreError: DATA_LOSS if the stream ends without `end`, so that a part never passes for the
        whole; UNAUTHENTICATED when nobody is signed in.
        """
        complete = False
        async for record in self._caller.stream(self._auth.ExportMyData, auth_pb2.ExportMyDataRequest()):
            complete = record.WhichOneof("record") == "end"
            yield record
        if not complete:
            raise CineLibreError(
                grpc.StatusCode.DATA_LOSS,
                "",
                "The export was cut off: it has no `end` record. Ask again.",
            )
