"""What every call passes through: the order, all arities, and that nothing of the inside comes out."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn
from uuid import UUID

import grpc
import pytest
from cinelibre.v1 import auth_pb2, auth_pb2_grpc, catalog_pb2, catalog_pb2_grpc, ratings_pb2, ratings_pb2_grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import AioRpcError
from prometheus_client import CollectorRegistry

from cinelibre_server import contract
from cinelibre_server.app import start_server
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.interceptors.authentication import Authentication
from cinelibre_server.interceptors.call import Interceptor
from cinelibre_server.interceptors.chain import ORDER, InterceptorChain
from cinelibre_server.interceptors.deadline import Deadline
from cinelibre_server.interceptors.errors import ErrorMapping
from cinelibre_server.interceptors.metrics import CallMetrics
from cinelibre_server.interceptors.rate_limit import RateLimit
from cinelibre_server.interceptors.request_context import RequestContext
from cinelibre_server.interceptors.tracing import Tracing
from cinelibre_server.interceptors.validation import Validation
from cinelibre_server.security.tokens import AccessTokens
from cinelibre_server.services.catalog import CatalogService
from cinelibre_server.services.paging import PageTokens
from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemDetails, ItemStore
from tests.conftest import make_settings
from tests.grpc.auth_calls import bearer, error_info, register

KEY = secrets.token_bytes(32)
SECRET = "select password_hash from users -- /srv/secret.py"
GET_MOVIE = "/cinelibre.v1.CatalogService/GetMovie"


async def nobody(_session: UUID) -> None:
    """There are no sessions here."""


def interceptors(*, registry: CollectorRegistry | None = None, per_second: float = 0, burst: int = 1) -> list[Interceptor]:
    return [
        ErrorMapping(),
        RequestContext(),
        Tracing(),
        CallMetrics(registry or CollectorRegistry()),
        Deadline(5),
        RateLimit(per_second, burst),
        Authentication(AccessTokens({"k": KEY}, 60), nobody),
        Validation(),
    ]


@asynccontextmanager
async def serving(add_services: Callable[[grpc.aio.Server], None], **limits: Any) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server with the whole chain around some other services."""
    chain = InterceptorChain(interceptors(**limits), contract.methods())
    server = grpc.aio.server(interceptors=[chain])
    add_services(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)


def test_the_order_is_the_promised_one() -> None:
    assert [kind.__name__ for kind in ORDER] == [
        "ErrorMapping",
        "RequestContext",
        "Tracing",
        "CallMetrics",
        "Deadline",
        "RateLimit",
        "Authentication",
        "Validation",
    ]


@pytest.mark.parametrize("swapped", range(len(ORDER) - 1))
def test_another_order_is_refused(swapped: int) -> None:
    wrong = interceptors()
    wrong[swapped : swapped + 2] = reversed(wrong[swapped : swapped + 2])
    with pytest.raises(ValueError, match="in this order"):
        InterceptorChain(wrong, {})
    with pytest.raises(ValueError, match="in this order"):
        InterceptorChain(interceptors()[:-1], {})


class _Arities:
    """One handler of each arity; the request `fail` makes it raise."""

    async def unary_unary(self, request: bytes, _context: object) -> bytes:
        return _echo(request)

    async def unary_stream(self, request: bytes, _context: object) -> AsyncIterator[bytes]:
        yield _echo(request)
        yield b"second"

    async def unary_writes(self, request: bytes, context: Any) -> None:
        await context.write(_echo(request))

    async def stream_unary(self, requests: AsyncIterator[bytes], _context: object) -> bytes:
        return b"".join([_echo(request) async for request in requests])

    async def stream_stream(self, requests: AsyncIterator[bytes], _context: object) -> AsyncIterator[bytes]:
        async for request in requests:
            yield _echo(request)

    def add_to(self, server: grpc.aio.Server) -> None:
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "unary_unary": grpc.unary_unary_rpc_method_handler(self.unary_unary),
            "unary_stream": grpc.unary_stream_rpc_method_handler(self.unary_stream),
            "unary_writes": grpc.unary_stream_rpc_method_handler(self.unary_writes),
            "stream_unary": grpc.stream_unary_rpc_method_handler(self.stream_unary),
            "stream_stream": grpc.stream_stream_rpc_method_handler(self.stream_stream),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Arities", handlers),))


def _echo(request: bytes) -> bytes:
    if request == b"fail":
        raise RuntimeError(SECRET)
    return request


ARITIES = ["unary_unary", "unary_stream", "unary_writes", "stream_unary", "stream_stream"]


def _start(channel: grpc.aio.Channel, arity: str, request: bytes) -> Any:
    kind = arity.replace("writes", "stream")
    call = getattr(channel, kind)(f"/test.Arities/{arity}")
    return call(iter([request]) if kind.startswith("stream") else request)


async def _finish(call: Any) -> list[bytes]:
    return [message async for message in call] if hasattr(call, "__aiter__") else [await call]


@pytest.mark.parametrize("arity", ARITIES)
async def test_every_arity_is_wrapped(arity: str) -> None:
    async with serving(_Arities().add_to) as channel:
        answered = _start(channel, arity, b"ok")
        assert (await _finish(answered))[0] == b"ok"
        assert "x-request-id" in dict(await answered.trailing_metadata())
        with pytest.raises(AioRpcError) as caught:
            await _finish(_start(channel, arity, b"fail"))
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert error_info(caught.value).reason == "ERROR_REASON_INTERNAL"
    assert SECRET not in str(caught.value)
    assert "x-request-id" in dict(caught.value.trailing_metadata())


async def test_a_stream_ends_when_its_caller_leaves() -> None:
    left = asyncio.Event()

    class Endless(auth_pb2_grpc.AuthServiceServicer):
        async def Register(self, _request: object, context: Any) -> auth_pb2.RegisterResponse:
            raise AssertionError

    async def endless(_request: bytes, _context: object) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"more"
                await asyncio.sleep(0.01)
        finally:
            left.set()

    def add(server: grpc.aio.Server) -> None:
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "endless": grpc.unary_stream_rpc_method_handler(endless)
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Arities", handlers),))

    async with serving(add) as channel:
        call = channel.unary_stream("/test.Arities/endless")(b"")
        assert await call.read() == b"more"
        call.cancel()
        await asyncio.wait_for(left.wait(), 2)


class _FailingItems(ItemStore):
    """A store with a fault of its own."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def get(self, item_id: int) -> NoReturn:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(SECRET),
        KeyError(SECRET),
        ExceptionGroup(SECRET, [ValueError(SECRET)]),
        ConnectionRefusedError(111, SECRET),
        AssertionError(SECRET),
        RecursionError(SECRET),
        StopAsyncIteration(SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_exception_s_text_never_leaves(error: Exception) -> None:
    service = CatalogService(_FailingItems(error), PageTokens([KEY]))
    async with serving(lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(service, server)) as channel:
        stub = catalog_pb2_grpc.CatalogServiceStub(channel)
        with pytest.raises(AioRpcError) as caught:
            await stub.GetMovie(catalog_pb2.GetMovieRequest(movie_id=1))
    seen = str(caught.value) + str(status_pb2.Status.FromString(_details(caught.value)))
    assert SECRET not in seen
    assert type(error).__name__ not in seen
    assert error_info(caught.value).domain == "cinelibre"


def _details(error: AioRpcError) -> bytes:
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    return details
