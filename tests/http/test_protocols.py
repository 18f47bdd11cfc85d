"""One port for all: JSON, native gRPC and gRPC-Web, with CORS for browsers and one id for each request."""

import struct
from typing import Any

import grpc
import httpx
import pytest
from cinelibre.v1 import auth_pb2, auth_pb2_grpc, catalog_pb2, catalog_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.grpc.auth_calls import bearer, error_info
from tests.http.conftest import Account
from tests.http.errors import json_error
from tests.stack import Stack

GET_MOVIE = "/cinelibre.v1.CatalogService/GetMovie"
ORIGIN = "http://localhost:3000"
FOREIGN = ["https://evil.example", "http://localhost:3000.evil.example", "http://localhost:30000", "null"]


@pytest.fixture(scope="module")
def channel(stack: Stack) -> Any:
    """A gRPC channel to Envoy's port."""
    with grpc.insecure_channel(stack.http_url.removeprefix("http://")) as channel:
        yield channel


def test_native_grpc_passes_through(channel: grpc.Channel, account: Account) -> None:
    catalog = catalog_pb2_grpc.CatalogServiceStub(channel)
    assert catalog.GetMovie(catalog_pb2.GetMovieRequest(movie_id=1)).movie.title
    with pytest.raises(grpc.RpcError) as caught:
        catalog.GetMovie(catalog_pb2.GetMovieRequest(movie_id=2**31 - 1))
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error_info(error).reason == "ERROR_REASON_ITEM_NOT_FOUND"
    auth = auth_pb2_grpc.AuthServiceStub(channel)
    records = list(auth.ExportMyData(auth_pb2.ExportMyDataRequest(), metadata=bearer(account.access_token)))
    assert records[0].user.email == account.email
    assert records[-1].WhichOneof("record") == "end"


def test_health_and_reflection_pass_through(channel: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    answer = next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asked])))
    assert "cinelibre.v1.CatalogService" in [service.name for service in answer.list_services_response.service]


def web_call(http: httpx.Client, message: bytes, **headers: str) -> httpx.Response:
    frame = b"\0" + struct.pack(">I", len(message)) + message
    return http.post(GET_MOVIE, content=frame, headers={"content-type": "application/grpc-web+proto", **headers})


def test_grpc_web(http: httpx.Client) -> None:
    response = web_call(http, catalog_pb2.GetMovieRequest(movie_id=1).SerializeToString(), origin=ORIGIN)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/grpc-web+proto"
    assert response.headers["access-control-allow-origin"] == ORIGIN
    length = struct.unpack(">I", response.content[1:5])[0]
    message, trailers = response.content[5 : 5 + length], response.content[5 + length :]
    assert catalog_pb2.GetMovieResponse.FromString(message).movie.movie_id == 1
    assert trailers[0] == 0x80
    assert b"grpc-status:0" in trailers


def test_grpc_web_errors_have_details(http: httpx.Client) -> None:
    response = web_call(http, b"")
    told = str(response.headers) + response.content.decode("latin-1")
    assert response.status_code == 200
    assert "movie_id" in told
    assert "grpc-status-details-bin" in told


@pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:5173"])
def test_an_allowed_origin_may_call(http: httpx.Client, origin: str) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "DELETE",
        "access-control-request-headers": "authorization,content-type",
    }
    preflight = http.options("/ratings/1", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    assert {"authorization", "content-type"} <= set(preflight.headers["access-control-allow-headers"].split(", "))
    for path, status in (("/movies/1", 200), ("/movies/0", 400), ("/auth/me", 401), ("/nope", 404)):
        answer = http.get(path, headers={"origin": origin})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == origin
        assert "x-request-id" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_origin_may_not(http: httpx.Client, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "DELETE"}
    assert "access-control-allow-origin" not in http.options("/ratings/1", headers=asked).headers
    assert "access-control-allow-origin" not in http.get("/movies/1", headers={"origin": origin}).headers


@pytest.mark.parametrize("path", ["/movies/1", "/movies/0", "/auth/me", "/nope"])
def test_every_answer_has_a_request_id(http: httpx.Client, path: str) -> None:
    made = {http.get(path).headers["x-request-id"] for _ in range(2)}
    assert len(made) == 2
    assert http.get(path, headers={"x-request-id": "my-own.id_1"}).headers["x-request-id"] == "my-own.id_1"


def test_the_request_id_of_a_refusal_is_in_the_log(http: httpx.Client, stack: Stack) -> None:
    request_id = http.get("/movies/2147483647").headers["x-request-id"]
    [line] = [line for line in stack.log.read_text().splitlines() if request_id in line]
    assert '"code": "NOT_FOUND"' in line
    assert '"method": "/cinelibre.v1.CatalogService/GetMovie"' in line


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nope"),
        ("GET", "/movies/1/2"),
        ("GET", "/movie"),
        ("GET", "/MOVIES"),
        ("PUT", "/movies/1"),
        ("DELETE", "/movies"),
        ("POST", "/auth/me"),
        ("GET", "/auth/login"),
        ("GET", GET_MOVIE),
        ("POST", GET_MOVIE),
        ("POST", "/grpc.health.v1.Health/Check"),
        ("GET", "/../../etc/passwd"),
    ],
)
def test_what_is_no_path_of_ours_is_not_found(http: httpx.Client, method: str, path: str) -> None:
    json_error(http.request(method, path), 404, 5)
