"""Bad input over gRPC: the right code and reason, the field at fault and what is allowed, nothing internal."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import grpc
import jwt
import pytest
from cinelibre.v1 import access_pb2, auth_pb2, auth_pb2_grpc, errors_pb2
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.grpc.auth_calls import bearer, error_info, violated_fields
from tests.http.bad_requests import ANONYMOUS, PAGED, BadRequest, bad_requests
from tests.http.errors import assert_nothing_internal
from tests.http.transcoding import METHODS
from tests.stack import Stack

PUBLIC = [
    name
    for name, method in METHODS.items()
    if method.GetOptions().Extensions[access_pb2.access] == access_pb2.ACCESS_PUBLIC
]
SQL = [
    "'; drop table ratings; --",
    "' or '1'='1",
    "\\'; select pg_sleep(9) --",
    "$1 %s {} %(x)s",
    "a%_\\b",
    "0x27 UNION SELECT",
]
# What a request of one's own making may be told; INTERNAL and UNKNOWN are never among it.
ANSWERS = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
}


class Client:
    """Calls any RPC of the contract by its name."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.token = ""

    def call(self, name: str, fields: dict[str, Any], *, token: str | None = None) -> Any:
        request = json_format.ParseDict(fields, GetMessageClass(METHODS[name].input_type)())
        return self.send(name, request.SerializeToString(), token=token)

    def send(self, name: str, raw: bytes, *, token: str | None = None) -> Any:
        """Sends bytes as they are; a streaming RPC gives the list of its messages."""
        method = METHODS[name]
        parse: Any = GetMessageClass(method.output_type).FromString
        path = f"/{method.containing_service.full_name}/{method.name}"
        metadata = bearer(self.token if token is None else token) if name not in ANONYMOUS else ()
        if method.server_streaming:
            stream: grpc.UnaryStreamMultiCallable[bytes, Message] = self.channel.unary_stream(path, None, parse)
            return list(stream(raw, metadata=metadata, timeout=20))
        unary: grpc.UnaryUnaryMultiCallable[bytes, Message] = self.channel.unary_unary(path, None, parse)
        return unary(raw, metadata=metadata, timeout=20)


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    """A signed-in client of the stack's server."""
    with grpc.insecure_channel(stack.grpc_target) as channel:
        client = Client(channel)
        account = {"email": f"{uuid4()}@example.com", "password": "test123"}
        client.token = client.call("AuthService/Register", account).access_token
        yield client


def refusal(client: Client, name: str, fields: dict[str, Any], **more: Any) -> Any:
    with pytest.raises(grpc.RpcError) as caught:
        client.call(name, fields, **more)
    return checked(caught.value)


def checked(error: Any) -> Any:
    """An error with the details that all of ours have."""
    info = error_info(error)
    assert info.domain == "cinelibre"
    assert info.reason in errors_pb2.ErrorReason.keys()  # noqa: SIM118 - an enum wrapper, no dict
    assert_nothing_internal(error.details())
    return error


@pytest.mark.parametrize("bad", list(bad_requests()), ids=str)
def test_refused_with_the_field_at_fault(client: Client, stack_admin_token: str, bad: BadRequest) -> None:
    error = refusal(client, bad.rpc, bad.fields, token=stack_admin_token if bad.needs_admin else None)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_info(error).reason == bad.reason
    assert bad.words in violated_fields(error)[bad.at_fault]
    assert bad.at_fault in error.details()


def test_all_violations_come_at_once(client: Client) -> None:
    error = refusal(client, "RatingsService/RateItem", {"item_id": -1, "stars": 9})
    assert list(violated_fields(error)) == ["item_id", "stars"]


@pytest.mark.parametrize(
    "raw", [b"\xff\xff\xff", b"\x0a\x05abc", b"\x0a\x02\xc3\x28", b"\x0a\x02\xff\xfe", b"\x12\x00" * 99 + b"\x0a"]
)
def test_what_is_no_message_is_refused(client: Client, raw: bytes) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.send("SearchService/SemanticSearch", raw)
    error = checked(caught.value)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "UTF-8" in error.details()


def test_an_id_beyond_int32_on_the_wire_is_refused(client: Client) -> None:
    # Field 1 as the varint 2^31, which no client library would send.
    with pytest.raises(grpc.RpcError) as caught:
        client.send("CatalogService/GetMovie", b"\x08\x80\x80\x80\x80\x08")
    assert list(violated_fields(checked(caught.value))) == ["movie_id"]


def test_ten_megabytes_are_refused(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.call("SearchService/SemanticSearch", {"q": "x" * 10_000_000})
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert client.call("SearchService/SemanticSearch", {"q": "a train", "limit": 1}).hits


def test_forged_tokens(client: Client, stack: Stack) -> None:
    key_id, key = stack.log.with_name("data").joinpath("jwt.keys").read_text().strip().split(",")[0].split(":")
    claims = jwt.decode(client.token, key, algorithms=["HS256"], audience="cinelibre")
    header = {"kid": key_id}
    assert client.call("AuthService/GetMe", {}, token=jwt.encode(claims, key, headers=header)).user.user_id
    none_header = _part({"alg": "none", "kid": key_id, "typ": "JWT"})
    invalid = {
        "other key": jwt.encode(claims, "f" * 64, headers=header),
        "other key id": jwt.encode(claims, key, headers={"kid": "other"}),
        "no key id": jwt.encode(claims, key),
        "alg none": f"{none_header}.{_part(claims)}.",
        "alg none with a signature": f"{none_header}.{_part(claims)}.{client.token.split('.')[2]}",
        "other algorithm": jwt.encode(claims, key, algorithm="HS512", headers=header),
        "other user": ".".join([client.token.split(".")[0], _part(claims | {"sub": "1"}), client.token.split(".")[2]]),
        "a word": "token",
        "dots": "..",
    }
    for name, token in invalid.items():
        error = refusal(client, "AuthService/GetMe", {}, token=token)
        assert (error_info(error).reason, name) == ("ERROR_REASON_TOKEN_INVALID", name)
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    past = jwt.encode(claims | {"exp": int(time.time()) - 1}, key, headers=header)
    assert error_info(refusal(client, "AuthService/GetMe", {}, token=past)).reason == "ERROR_REASON_TOKEN_EXPIRED"
    for changes in ({"sid": str(uuid4())}, {"sub": "2147483647"}):
        foreign = jwt.encode(claims | changes, key, headers=header)
        error = refusal(client, "AuthService/GetMe", {}, token=foreign)
        assert error_info(error).reason == "ERROR_REASON_SESSION_REVOKED"


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("header", ["", "Bearer", "bearer  ", "Basic abc", "Token abc"])
def test_no_bearer(client: Client, header: str) -> None:
    stub = auth_pb2_grpc.AuthServiceStub(client.channel)
    for value in (header, client.token):
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetMe(auth_pb2.GetMeRequest(), metadata=(("authorization", value),))
        assert error_info(checked(caught.value)).reason == "ERROR_REASON_TOKEN_INVALID"


def _texts(message: Descriptor) -> Iterator[FieldDescriptor]:
    return (field for field in message.fields if field.type == FieldDescriptor.TYPE_STRING)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if any(_texts(method.input_type))])
def test_sql_in_every_text_is_text(client: Client, name: str) -> None:
    before = client.call("CatalogService/ListMovies", {"page_size": 100})
    for sql in SQL:
        for field in _texts(METHODS[name].input_type):
            fields = {**PAGED.get(name, ({}, ""))[0], field.name: [sql] if field.is_repeated else sql}
            try:
                client.call(name, fields)
            except grpc.RpcError as error:
                assert checked(error).code() in ANSWERS
    assert client.call("CatalogService/ListMovies", {"page_size": 100}) == before


@pytest.mark.parametrize("sql", SQL)
def test_sql_comes_back_as_it_went(client: Client, sql: str) -> None:
    client.call("AuthService/UpdateMe", {"user": {"name": sql}, "update_mask": "name"})
    assert client.call("AuthService/GetMe", {}).user.name == sql
    client.call("RatingsService/RecordInteraction", {"kind": "INTERACTION_KIND_SEARCH", "query": sql})
    exported = [record.interaction.query for record in client.call("AuthService/ExportMyData", {})]
    assert sql in exported
    assert not client.call("CatalogService/ListMovies", {"title_contains": sql}).movies
    assert len(client.call("SearchService/SemanticSearch", {"q": sql, "limit": 2}).hits) == 2


def test_wildcards_of_like_are_letters(client: Client) -> None:
    for title in ("%", "_", "\\"):
        found = client.call("CatalogService/ListMovies", {"title_contains": title, "page_size": 100}).movies
        assert all(title in movie.title + movie.original_title for movie in found)


def _values(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.type == FieldDescriptor.TYPE_STRING:
        return st.one_of(st.text(max_size=40), st.sampled_from(["movie", "book", "a@b.co", *SQL]))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    return st.one_of(st.integers(-2, 101), st.integers(-(2**31), 2**31 - 1))


def _requests(message: Descriptor) -> st.SearchStrategy[dict[str, Any]]:
    fields = {
        field.name: st.lists(_values(field), max_size=3) if field.is_repeated else _values(field)
        for field in message.fields
    }
    return st.fixed_dictionaries({}, optional=fields)


@pytest.mark.parametrize("name", PUBLIC)
def test_whatever_is_asked_is_answered(client: Client, name: str) -> None:
    @settings(max_examples=30, deadline=None)
    @given(_requests(METHODS[name].input_type))
    def ask(fields: dict[str, Any]) -> None:
        try:
            answered: Message = client.call(name, fields)
            assert answered.IsInitialized()
        except grpc.RpcError as error:
            assert checked(error).code() in ANSWERS

    ask()


# These would end the session that the others need.
@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"AuthService/Logout", "AuthService/DeleteMe"}))
def test_whatever_is_sent_is_answered(client: Client, name: str) -> None:
    @settings(max_examples=15, deadline=None)
    @given(st.binary(max_size=60))
    def send(raw: bytes) -> None:
        try:
            assert client.send(name, raw) is not None
        except grpc.RpcError as error:
            assert checked(error).code() in ANSWERS

    send()
