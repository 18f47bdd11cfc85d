"""The real Envoy with the shipped configuration: its errors, and its life as a process."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import httpx
import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.local import orphans
from cinelibre_server.local.envoy import EnvoyProcess
from cinelibre_server.local.envoy_config import EnvoyConfig, SocketAddress
from cinelibre_server.local.ports import pick_free_port
from cinelibre_server.resources import resource_path

ORIGIN = "https://films.example"


def make_envoy(folder: Path, descriptor: Path, *, http_port: int = 0, grpc_port: int = 1) -> EnvoyProcess:
    """An Envoy in front of nothing, unless `grpc_port` says otherwise."""
    config = EnvoyConfig(
        http=SocketAddress("127.0.0.1", http_port),
        grpc=SocketAddress("127.0.0.1", grpc_port),
        descriptor=descriptor,
        cors_origins=(ORIGIN,),
    )
    return EnvoyProcess(config, work_dir=folder / "envoy", log=folder / "log" / "envoy.log")


@pytest.fixture
async def envoy(tmp_path: Path, descriptor: Path) -> AsyncIterator[EnvoyProcess]:
    """A running Envoy without a server behind it."""
    process = make_envoy(tmp_path, descriptor)
    await process.start()
    yield process
    await process.stop()


@pytest.fixture
async def browser(envoy: EnvoyProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `envoy`."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{envoy.http_port}") as client:
        yield client


async def raw_call(channel: grpc.aio.Channel, method: str, message: bytes) -> bytes:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    return await call(message)


def assert_error(response: httpx.Response, status: int, code: int, words: str) -> None:
    body = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert sorted(body) == ["code", "details", "message"]
    assert body["code"] == code
    assert words in body["message"]
    assert body["details"] == []


async def test_the_shipped_configuration_is_valid(tmp_path: Path, descriptor: Path) -> None:
    finished = await make_envoy(tmp_path, descriptor).validate()
    assert finished.code == 0, finished.output


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "words"),
    [
        ("GET", "/nope", 404, 5, "no such path"),
        ("PUT", "/movies", 404, 5, "no such path"),
        ("POST", "/cinelibre.v1.CatalogService/GetMovie", 404, 5, "no such path"),
        ("GET", "/movies/7", 503, 14, "not available"),
        ("GET", "/movies?nope=1", 400, 3, 'field "nope"'),
        ("GET", "/movies/abc", 400, 3, "movie_id"),
        ("GET", "/movies/99999999999", 400, 3, "movie_id"),
        ("GET", "/recommendations/personalized?algorithm=NOPE", 400, 3, "algorithm"),
    ],
)
async def test_every_error_is_json_of_one_shape(
    browser: httpx.AsyncClient, method: str, path: str, status: int, code: int, words: str
) -> None:
    assert_error(await browser.request(method, path), status, code, words)


async def test_bad_bodies_are_json_errors(browser: httpx.AsyncClient) -> None:
    assert_error(await browser.post("/ratings", content='{"item_id": '), 400, 3, "not valid")
    assert_error(await browser.post("/ratings", content='{"item_id": "x"}'), 400, 3, "item_id")


@pytest.mark.parametrize("size", [1_048_577, 10_000_000])
async def test_a_large_body_is_refused_and_the_client_hears_it(browser: httpx.AsyncClient, size: int) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(0, size, 65_536):
            yield b"x" * 65_536

    assert_error(await browser.post("/ratings", content=b"x" * size), 413, 8, "larger than 1 MiB")
    assert_error(await browser.post("/ratings", content=chunks()), 413, 8, "larger than 1 MiB")


async def test_large_headers_and_noise_are_json_errors(browser: httpx.AsyncClient) -> None:
    assert_error(await browser.get("/movies", headers={"x-large": "y" * 200_000}), 431, 8, "headers")
    reader, writer = await asyncio.open_connection("127.0.0.1", browser.base_url.port)
    writer.write(b"noise\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 400")
    assert json.loads(answer.split("\r\n\r\n")[1])["code"] == 3


async def test_an_unavailable_service_says_when_to_try_again(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/movies", headers={"x-request-id": "my-own-id"})
    assert response.headers["retry-after"] == "1"
    assert response.headers["x-request-id"] == "my-own-id"


async def test_a_grpc_caller_gets_a_grpc_error(browser: httpx.AsyncClient) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{browser.base_url.port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await raw_call(channel, "/cinelibre.v1.CatalogService/GetMovie", b"")
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE
    assert not (error.value.details() or "").startswith("{")


async def test_only_the_chosen_origins_may_call(browser: httpx.AsyncClient) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    allowed = await browser.options("/ratings", headers={"origin": ORIGIN, **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    for path in ("/movies", "/nope"):
        answer = await browser.get(path, headers={"origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN
    for origin in ("https://evil.example", ORIGIN + ".evil.example"):
        refused = await browser.options("/ratings", headers={"origin": origin, **asked})
        assert "access-control-allow-origin" not in refused.headers


async def test_says_that_it_lives(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


async def test_calls_reach_the_server_whatever_they_speak(tmp_path: Path, descriptor: Path) -> None:
    seen: list[tuple[str, bytes, str | bytes]] = []

    class Recorder(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
            async def answer(request: bytes, context: object) -> bytes:
                metadata = dict(details.invocation_metadata)
                seen.append((details.method, request, metadata.get("x-request-id", "")))
                return b""

            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.aio.server(handlers=[Recorder()])
    envoy = make_envoy(tmp_path, descriptor, grpc_port=server.add_insecure_port("127.0.0.1:0"))
    await server.start()
    port = await envoy.start()
    method = "/cinelibre.v1.CatalogService/GetMovie"
    # A caller's Envoy headers are not obeyed: this one would end the call after a millisecond.
    headers = {"x-request-id": "one", "x-envoy-upstream-rq-timeout-ms": "1"}
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/movies/7", headers=headers)).status_code == 200
            assert (await client.get("/search/semantic?q=a+b%20c")).status_code == 200
            web = {"content-type": "application/grpc-web+proto"}
            assert b"grpc-status:0" in (await client.post(method, content=bytes(5), headers=web)).content
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert await raw_call(channel, method, b"\x08\x07") == b""
            await raw_call(channel, "/grpc.health.v1.Health/Check", b"")
    finally:
        await envoy.stop()
        await server.stop(None)
    assert seen[0] == (method, b"\x08\x07", "one")
    assert b"a b c" in seen[1][1]
    assert [call[0] for call in seen[2:]] == [method, method, "/grpc.health.v1.Health/Check"]


async def test_a_taken_port_is_one_line(tmp_path: Path, descriptor: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=f"port {port} is taken: .* --http-port"):
            await make_envoy(tmp_path, descriptor, http_port=port).start()


async def test_two_stand_side_by_side(envoy: EnvoyProcess, tmp_path: Path, descriptor: Path) -> None:
    second = make_envoy(tmp_path / "second", descriptor, http_port=pick_free_port("127.0.0.1"))
    port = await second.start()
    await second.stop()
    assert port != envoy.http_port
    assert envoy.pid is not None


async def test_a_bad_configuration_is_one_line_with_the_reason(tmp_path: Path) -> None:
    envoy = make_envoy(tmp_path, tmp_path / "missing.binpb")
    with pytest.raises(StartupError, match=r"Envoy did not start: .*missing\.binpb") as error:
        await envoy.start()
    assert "\n" not in str(error.value)
    assert envoy.pid is None


async def test_a_killed_envoy_comes_back_on_its_port(envoy: EnvoyProcess) -> None:
    port = envoy.http_port
    assert envoy.pid is not None
    os.kill(envoy.pid, signal.SIGKILL)
    assert await envoy.wait_failed() == "was killed by SIGKILL"
    assert await envoy.start() == port


async def test_an_envoy_left_running_is_ended_first(tmp_path: Path, descriptor: Path) -> None:
    left = make_envoy(tmp_path, descriptor)
    port = await left.start()
    again = make_envoy(tmp_path, descriptor, http_port=port)
    assert await again.start() == port
    await again.stop()
    assert await left.wait_failed() == "ended with exit code 0"
    assert orphans.processes_given(str(tmp_path / "envoy" / "envoy.yaml")) == []


def test_only_marked_values_change(descriptor: Path) -> None:
    template = resource_path("envoy.yaml").read_text()
    config = EnvoyConfig(http=SocketAddress("::1", 1), grpc=SocketAddress("h", 2), descriptor=Path('/a "b"'))
    changed = [
        (before, after)
        for before, after in zip(template.splitlines(), config.render(template).splitlines(), strict=True)
        if before != after
    ]
    assert all("# set: " in before for before, _ in changed)
    assert sorted(after.split(": ", 1)[1] for _, after in changed) == [
        '"/a \\"b\\""',
        '{"address": "127.0.0.1", "port_value": 0}',
        '{"address": "::1", "port_value": 1}',
        '{"address": "h", "port_value": 2}',
    ]
    with pytest.raises(ValueError, match="marks"):
        config.render(template.replace("# set: descriptor", ""))
