"""What every call passes through: the order, all arities, and that nothing of the inside comes out."""

import asyncio
import io
import json
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeAlias
from uuid import UUID

import grpc
import pytest
from cinelibre.v1 import catalog_pb2, catalog_pb2_grpc, ratings_pb2, ratings_pb2_grpc
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import AioRpcError
from prometheus_client import CollectorRegistry

from cinelibre_server import contract
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
from tests.grpc.auth_calls import bearer, error_info
from tests.grpc.server_logs import json_logs, read_logs

KEY = secrets.token_bytes(32)
SECRET = "select password_hash from users -- /srv/secret.py"
MOVIE = catalog_pb2.GetMovieRequest(movie_id=1)

Handlers: TypeAlias = dict[str, "grpc.RpcMethodHandler[Any, Any]"]
AddServices: TypeAlias = Callable[[Any], None]


async def nobody(_session: UUID) -> None:
    """There are no sessions here."""


@pytest.fixture(autouse=True)
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """As a server logs, where `capsys` finds it."""
    with json_logs():
        yield


def interceptors(
    *, registry: CollectorRegistry | None = None, per_second: float = 0, burst: int = 1
) -> list[Interceptor]:
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
async def serving(add_services: AddServices, **limits: Any) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server with the whole chain around some other services."""
    chain = InterceptorChain(interceptors(**limits), contract.methods())
    add_services(chain)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((chain,))
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


def generic(handlers: Handlers) -> AddServices:
    """A service `test.Arities` that speaks bytes."""
    return lambda server: server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("test.Arities", handlers),)
    )


def failing_catalog(error: Exception) -> AddServices:
    """A CatalogService in which something goes wrong."""
    servicer: Any = catalog_pb2_grpc.CatalogServiceServicer

    class Failing(servicer):  # type: ignore[misc]
        async def GetMovie(self, _request: object, _context: object) -> NoReturn:
            raise error

    return lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Failing(), server)


def _echo(request: bytes) -> bytes:
    if request == b"fail":
        raise RuntimeError(SECRET)
    return request


async def _unary_unary(request: bytes, _context: object) -> bytes:
    return _echo(request)


async def _unary_stream(request: bytes, _context: object) -> AsyncIterator[bytes]:
    yield _echo(request)
    yield b"second"


async def _unary_writes(request: bytes, context: Any) -> None:
    await context.write(_echo(request))


async def _stream_unary(requests: AsyncIterator[bytes], _context: object) -> bytes:
    return b"".join([_echo(request) async for request in requests])


async def _stream_stream(requests: AsyncIterator[bytes], _context: object) -> AsyncIterator[bytes]:
    async for request in requests:
        yield _echo(request)


ARITIES: Handlers = {
    "unary_unary": grpc.unary_unary_rpc_method_handler(_unary_unary),
    "unary_stream": grpc.unary_stream_rpc_method_handler(_unary_stream),
    "unary_writes": grpc.unary_stream_rpc_method_handler(_unary_writes),
    "stream_unary": grpc.stream_unary_rpc_method_handler(_stream_unary),
    "stream_stream": grpc.stream_stream_rpc_method_handler(_stream_stream),
}


def _start(channel: grpc.aio.Channel, arity: str, request: bytes) -> Any:
    call = getattr(channel, arity.replace("writes", "stream"))(f"/test.Arities/{arity}")
    return call(iter([request]) if arity.startswith("stream") else request)


async def _finish(call: Any) -> list[bytes]:
    return [message async for message in call] if hasattr(call, "__aiter__") else [await call]


@pytest.mark.parametrize("arity", ARITIES)
async def test_every_arity_is_wrapped(arity: str) -> None:
    async with serving(generic(ARITIES)) as channel:
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

    async def endless(_request: bytes, _context: object) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"more"
                await asyncio.sleep(0.01)
        finally:
            left.set()

    async with serving(generic({"unary_stream": grpc.unary_stream_rpc_method_handler(endless)})) as channel:
        call = _start(channel, "unary_stream", b"")
        assert await call.read() == b"more"
        call.cancel()
        await asyncio.wait_for(left.wait(), 2)


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
async def test_an_exception_s_text_goes_to_the_log_only(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(failing_catalog(error)) as channel:
        with pytest.raises(AioRpcError) as caught:
            await catalog_pb2_grpc.CatalogServiceStub(channel).GetMovie(MOVIE)
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    seen = f"{caught.value} {status_pb2.Status.FromString(details)}"
    assert SECRET not in seen
    assert type(error).__name__ not in seen
    assert error_info(caught.value).domain == "cinelibre"
    request_id = dict(caught.value.trailing_metadata())["x-request-id"]
    logged = [line for line in read_logs(capsys) if SECRET in json.dumps(line)]
    assert [line["request_id"] for line in logged] == [request_id]


async def test_a_log_that_cannot_be_written_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    async with serving(failing_catalog(RuntimeError(SECRET))) as channel:
        monkeypatch.setattr(sys, "stderr", closed)
        with pytest.raises(AioRpcError) as caught:
            await asyncio.wait_for(catalog_pb2_grpc.CatalogServiceStub(channel).GetMovie(MOVIE), 5)
        monkeypatch.undo()
    assert error_info(caught.value).reason == "ERROR_REASON_INTERNAL"


def _ratings(server: Any) -> None:
    servicer: Any = ratings_pb2_grpc.RatingsServiceServicer
    ratings_pb2_grpc.add_RatingsServiceServicer_to_server(servicer(), server)


async def test_work_is_refused_in_the_promised_order() -> None:
    """A call that is wrong in every way is told what the outermost interceptor finds."""
    bad = ratings_pb2.RateItemRequest(item_id=-1, stars=9)
    registry = CollectorRegistry()

    async with serving(_ratings, registry=registry, per_second=0.001, burst=2) as channel:
        stub = ratings_pb2_grpc.RatingsServiceStub(channel)
        reasons = []
        for metadata in ((), bearer("forged"), bearer("forged")):
            with pytest.raises(AioRpcError) as caught:
                await stub.RateItem(bad, metadata=metadata)
            reasons.append(error_info(caught.value).reason.removeprefix("ERROR_REASON_"))
    assert reasons == ["TOKEN_MISSING", "TOKEN_INVALID", "RATE_LIMITED"]
    rpc = "/cinelibre.v1.RatingsService/RateItem"
    counted = {
        code: registry.get_sample_value("cinelibre_rpc_total", {"rpc": rpc, "code": code})
        for code in ("UNAUTHENTICATED", "RESOURCE_EXHAUSTED")
    }
    assert counted == {"UNAUTHENTICATED": 2, "RESOURCE_EXHAUSTED": 1}


async def test_the_rate_limit_lets_a_burst_through_and_says_when_to_come_back() -> None:
    async with serving(failing_catalog(RuntimeError("x")), per_second=5, burst=3) as channel:
        stub = catalog_pb2_grpc.CatalogServiceStub(channel)

        async def reason(address: str | None = None) -> AioRpcError:
            with pytest.raises(AioRpcError) as caught:
                await stub.GetMovie(MOVIE, metadata=(("x-envoy-external-address", address),) if address else ())
            return caught.value

        refused = [await reason() for _ in range(4)]
        assert [error.code().name for error in refused] == ["INTERNAL"] * 3 + ["RESOURCE_EXHAUSTED"]
        assert error_info(refused[3]).reason == "ERROR_REASON_RATE_LIMITED"
        wait = _retry_seconds(refused[3])
        assert 0 < wait <= 0.2
        assert (await reason("203.0.113.7")).code() is grpc.StatusCode.INTERNAL
        await asyncio.sleep(wait + 0.01)
        assert (await reason()).code() is grpc.StatusCode.INTERNAL


def _retry_seconds(error: AioRpcError) -> float:
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status_pb2.Status.FromString(details).details)
    return float(retry.retry_delay.ToNanoseconds() / 1e9)


async def test_no_rate_limit_for_health_and_reflection() -> None:
    async with serving(generic(ARITIES), per_second=0.001, burst=1) as channel:
        assert [await _finish(_start(channel, "unary_unary", b"ok")) for _ in range(5)] == [[b"ok"]] * 5
