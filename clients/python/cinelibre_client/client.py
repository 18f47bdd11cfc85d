"""The client: a connection with all the calls."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

import grpc
from cinelibre.v1 import (
    admin_pb2_grpc,
    auth_pb2_grpc,
    catalog_pb2_grpc,
    ratings_pb2_grpc,
    recommend_pb2_grpc,
    search_pb2_grpc,
    system_pb2_grpc,
)

from .account import AccountMethods
from .admin import AdminMethods
from .caller import Caller
from .catalog import CatalogMethods
from .ratings import RatingsMethods
from .recommendations import RecommendMethods
from .session import Session, Tokens

# A lost connection is tried again soon; gRPC would let up to two minutes pass and fail every call meanwhile.
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5000),
)


class CineLibre(AccountMethods, AdminMethods, CatalogMethods, RatingsMethods, RecommendMethods):
    """A client of one server: `async with CineLibre("127.0.0.1:50051") as cl: await cl.search("a heist")`.

    Make it where the event loop runs. One is enough for any number of concurrent calls of one user.

    target: `host:port` of the gRPC server, or of the Envoy before it.
    tls: encrypt, and check the server's certificate against the usual authorities (or the file that
        GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names).
    timeout: seconds that a call may take with all its repetitions.
    retries: how often a call is repeated while the server is unavailable or refuses for the time being; calls
        that would do harm when done twice are repeated only if the server says that nothing was done.
    tokens: of a user who signed in before.
    on_tokens: called with every new pair, to keep it; a refresh token works only once.
    """

    def __init__(
        self,
        target: str,
        *,
        tls: bool = False,
        timeout: float = 10.0,
        retries: int = 3,
        tokens: Tokens | None = None,
        on_tokens: Callable[[Tokens], None] | None = None,
    ) -> None:
        if tls:
            channel = grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(), options=_CHANNEL_OPTIONS)
        else:
            channel = grpc.aio.insecure_channel(target, options=_CHANNEL_OPTIONS)
        self._channel = channel
        self._admin = admin_pb2_grpc.AdminServiceStub(channel)
        self._auth = auth_pb2_grpc.AuthServiceStub(channel)
        self._catalog = catalog_pb2_grpc.CatalogServiceStub(channel)
        self._ratings = ratings_pb2_grpc.RatingsServiceStub(channel)
        self._recommend = recommend_pb2_grpc.RecommendServiceStub(channel)
        self._search = search_pb2_grpc.SearchServiceStub(channel)
        self._system = system_pb2_grpc.SystemServiceStub(channel)
        self._session = Session(self._auth, tokens, on_tokens, timeout_seconds=timeout)
        self._caller = Caller(self._session, timeout_seconds=timeout, retries=retries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Waits for new tokens that are under way, then closes the connection."""
        await self._session.settle()
        await self._channel.close()
