"""What the auth tests call again and again."""

from typing import TypeAlias

from cinelibre.v1 import auth_pb2, auth_pb2_grpc
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import AioRpcError

# A string: the asynchronous stub exists for type checkers only.
AuthStub: TypeAlias = "auth_pb2_grpc.AuthServiceAsyncStub"

EMAIL = "test@example.com"
PASSWORD = "test123"


async def register(stub: AuthStub, email: str = EMAIL) -> auth_pb2.RegisterResponse:
    """A new account with PASSWORD, signed in."""
    return await stub.Register(auth_pb2.RegisterRequest(email=email, password=PASSWORD, name="Test"))


async def login(stub: AuthStub, email: str = EMAIL, password: str = PASSWORD) -> auth_pb2.LoginResponse:
    """A new session."""
    return await stub.Login(auth_pb2.LoginRequest(email=email, password=password))


def bearer(access_token: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a signed-in call."""
    return (("authorization", f"Bearer {access_token}"),)


def error_info(error: AioRpcError) -> error_details_pb2.ErrorInfo:
    """The ErrorInfo that every error carries."""
    info = error_details_pb2.ErrorInfo()
    assert _status(error).details[0].Unpack(info)
    return info


def violated_fields(error: AioRpcError) -> dict[str, str]:
    """Field path to description, from the BadRequest of an error."""
    bad_request = error_details_pb2.BadRequest()
    for detail in _status(error).details:
        if detail.Unpack(bad_request):
            return {violation.field: violation.description for violation in bad_request.field_violations}
    return {}


def _status(error: AioRpcError) -> status_pb2.Status:
    metadata = dict(error.trailing_metadata())
    details = metadata["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    return status_pb2.Status.FromString(details)
