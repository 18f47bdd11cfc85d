"""A server that fails on purpose, in the words of the real one."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
from cinelibre.v1 import auth_pb2, auth_pb2_grpc, catalog_pb2, catalog_pb2_grpc, ratings_pb2, ratings_pb2_grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

_Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True)
class Fault:
    """A failure, as the real server words it."""

    code: grpc.StatusCode
    reason: str
    retry_after: float | None = None
    violations: dict[str, str] = field(default_factory=dict)

    async def abort(self, context: _Context) -> None:
        """Ends the call with it."""
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain="cinelibre", metadata={"item_id": "7"})
        details = [_packed(info)]
        if self.violations:
            violation = error_details_pb2.BadRequest.FieldViolation
            violations = [violation(field=name, description=text) for name, text in self.violations.items()]
            details.append(_packed(error_details_pb2.BadRequest(field_violations=violations)))
        if self.retry_after is not None:
            delay = Duration(nanos=round(self.retry_after % 1 * 1e9), seconds=int(self.retry_after))
            details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
        status = status_pb2.Status(code=self.code.value[0], message="It failed on purpose.", details=details)
        trailing = (("x-request-id", "request-1"), ("grpc-status-details-bin", status.SerializeToString()))
        await context.abort(self.code, status.message, trailing)


def _packed(detail: Any) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed


UNAVAILABLE = Fault(grpc.StatusCode.UNAVAILABLE, "ERROR_REASON_DATABASE_UNAVAILABLE", 0.05)
EXPIRED = Fault(grpc.StatusCode.UNAUTHENTICATED, "ERROR_REASON_TOKEN_EXPIRED")
REUSED = Fault(grpc.StatusCode.UNAUTHENTICATED, "ERROR_REASON_REFRESH_TOKEN_REUSED")


class FailingServer(
    auth_pb2_grpc.AuthServiceServicer, catalog_pb2_grpc.CatalogServiceServicer, ratings_pb2_grpc.RatingsServiceServicer
):
    """Fails each call with the next of `faults`, or answers if that is None. Only the latest tokens are valid."""

    def __init__(self) -> None:
        self.faults: list[Fault | None] = []
        self.calls: list[tuple[str, float]] = []
        self.generation = 0
        self.refreshing = asyncio.Event()
        self.may_refresh = asyncio.Event()
        self.may_refresh.set()
        self.export = [auth_pb2.ExportMyDataResponse(user=auth_pb2.User(user_id=1))]
        self.cut_export_with: Fault | None = None
        self.target = ""

    def count(self, method: str) -> int:
        """How often a method was called."""
        return [name for name, _ in self.calls].count(method)

    async def _enter(self, method: str, context: _Context, *, signed_in: bool = False) -> None:
        self.calls.append((method, time.monotonic()))
        if self.faults and (fault := self.faults.pop(0)):
            await fault.abort(context)
        sent = dict(context.invocation_metadata() or ()).get("authorization")
        if signed_in and sent != f"Bearer access-{self.generation}":
            await EXPIRED.abort(context)

    async def Register(self, request: auth_pb2.RegisterRequest, context: _Context) -> auth_pb2.RegisterResponse:
        await self._enter("Register", context)
        user = auth_pb2.User(user_id=1, email=request.email)
        return auth_pb2.RegisterResponse(user=user, access_token="access-0", refresh_token="refresh-0")

    async def RefreshToken(
        self, request: auth_pb2.RefreshTokenRequest, context: _Context
    ) -> auth_pb2.RefreshTokenResponse:
        await self._enter("RefreshToken", context)
        if request.refresh_token != f"refresh-{self.generation}":
            await REUSED.abort(context)
        self.generation += 1
        access, refresh = f"access-{self.generation}", f"refresh-{self.generation}"
        self.refreshing.set()
        await self.may_refresh.wait()
        return auth_pb2.RefreshTokenResponse(access_token=access, refresh_token=refresh)

    async def GetMe(self, request: auth_pb2.GetMeRequest, context: _Context) -> auth_pb2.GetMeResponse:
        await self._enter("GetMe", context, signed_in=True)
        return auth_pb2.GetMeResponse(user=auth_pb2.User(user_id=1))

    async def ExportMyData(
        self, request: auth_pb2.ExportMyDataRequest, context: _Context
    ) -> AsyncIterator[auth_pb2.ExportMyDataResponse]:
        await self._enter("ExportMyData", context, signed_in=True)
        for record in self.export:
            yield record
        if self.cut_export_with:
            await self.cut_export_with.abort(context)

    async def GetMovie(self, request: catalog_pb2.GetMovieRequest, context: _Context) -> catalog_pb2.GetMovieResponse:
        await self._enter("GetMovie", context)
        return catalog_pb2.GetMovieResponse(movie=catalog_pb2.Movie(movie_id=request.movie_id))

    async def RecordInteraction(
        self, request: ratings_pb2.RecordInteractionRequest, context: _Context
    ) -> ratings_pb2.RecordInteractionResponse:
        await self._enter("RecordInteraction", context, signed_in=True)
        return ratings_pb2.RecordInteractionResponse()


async def start_failing_server() -> tuple[FailingServer, grpc.aio.Server]:
    """The servicer, and the server to stop."""
    servicer = FailingServer()  # type: ignore[abstract]
    server = grpc.aio.server()
    auth_pb2_grpc.add_AuthServiceServicer_to_server(servicer, server)
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(servicer, server)
    ratings_pb2_grpc.add_RatingsServiceServicer_to_server(servicer, server)
    servicer.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    return servicer, server
