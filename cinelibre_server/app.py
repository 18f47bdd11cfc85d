"""The composition root: settings → pool → services → a gRPC server that answers."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
import structlog
from cinelibre.v1 import (
    admin_pb2_grpc,
    auth_pb2_grpc,
    catalog_pb2_grpc,
    ratings_pb2_grpc,
    recommend_pb2_grpc,
    search_pb2_grpc,
    system_pb2_grpc,
)
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry

from cinelibre_server import contract
from cinelibre_server.config import Settings
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.embed import check_embedding_model, embed_item
from cinelibre_server.ingest.own_ratings.own_import import OwnRatingImport
from cinelibre_server.interceptors.authentication import Authentication
from cinelibre_server.interceptors.call import Interceptor
from cinelibre_server.interceptors.chain import InterceptorChain
from cinelibre_server.interceptors.deadline import Deadline
from cinelibre_server.interceptors.errors import ErrorMapping
from cinelibre_server.interceptors.metrics import CallMetrics
from cinelibre_server.interceptors.rate_limit import RateLimit
from cinelibre_server.interceptors.request_context import RequestContext
from cinelibre_server.interceptors.tracing import Tracing
from cinelibre_server.interceptors.validation import Validation
from cinelibre_server.recommend.training.schedule import TrainingSchedule
from cinelibre_server.reflection import add_reflection
from cinelibre_server.search.engine import open_engine
from cinelibre_server.security.passwords import PasswordHasher
from cinelibre_server.security.tokens import AccessTokens
from cinelibre_server.services.admin import AdminService
from cinelibre_server.services.auth import AuthService
from cinelibre_server.services.catalog import CatalogService
from cinelibre_server.services.messages import ItemMessages
from cinelibre_server.services.paging import PageTokens
from cinelibre_server.services.rating_import import RatingImports
from cinelibre_server.services.ratings import RatingsService
from cinelibre_server.services.recommend import RecommendService
from cinelibre_server.services.search import SearchService
from cinelibre_server.services.system import SystemService
from cinelibre_server.store.account_data import AccountDataStore
from cinelibre_server.store.admin import AdminStore
from cinelibre_server.store.batch_loader import BatchLoader
from cinelibre_server.store.database import Pool, open_pool
from cinelibre_server.store.items import ItemStore
from cinelibre_server.store.migrate import check_schema
from cinelibre_server.store.rating_matches import RatingMatches
from cinelibre_server.store.ratings import RatingStore
from cinelibre_server.store.recommend import RecommendStore
from cinelibre_server.store.search import SearchStore
from cinelibre_server.store.sessions import SessionStore
from cinelibre_server.store.users import UserStore
from cinelibre_server.telemetry.health import HealthMonitor
from cinelibre_server.telemetry.metrics import (
    MetricsEndpoint,
    StateCollector,
    new_registry,
    start_metrics_endpoint,
)

_log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 1024 * 1024
_SERVER_OPTIONS = (
    # Without SO_REUSEPORT a taken port is an error instead of a second server that gets half of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # Envoy passes the path of a JSON request on, which holds a query of up to 10,000 characters, percent-encoded.
    ("grpc.max_metadata_size", 128 * 1024),
    ("grpc.keepalive_time_ms", 60_000),
)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers, and what it needs to end well."""

    grpc_port: int
    metrics: MetricsEndpoint | None
    _server: grpc.aio.Server
    _health: HealthMonitor
    _schedule: TrainingSchedule | None
    _hasher: PasswordHasher
    _pool: Pool
    _grace_seconds: float

    async def stop(self) -> None:
        """NOT_SERVING first, then the running calls' time, then the connections."""
        if self._schedule:
            await self._schedule.stop()
        await self._health.stop()
        await self._server.stop(self._grace_seconds)
        if self.metrics:
            self.metrics.stop()
        self._hasher.close()
        await self._pool.close()


async def start_server(settings: Settings, embedder: Embedder) -> RunningServer:
    """A server that answers and whose database and model have been checked. The embedder stays the caller's.

    Raises:
        StartupError: no database, a wrong schema or model, a weak key, a taken port.
    """
    keys = settings.signing_keys
    pool = await open_pool(
        settings.database_url.get_secret_value(),
        size=settings.database_pool_size,
        statement_timeout_seconds=settings.request_timeout_seconds,
    )
    try:
        async with pool.acquire() as connection:
            await check_schema(connection)
            await check_embedding_model(connection, embedder.identity)
        registry = new_registry()
        registry.register(StateCollector(pool, embedder))
        hasher = PasswordHasher(settings.bcrypt_cost, settings.bcrypt_concurrency)
        tokens = AccessTokens(keys, settings.access_token_seconds)
        sessions = SessionStore(pool)
        names = [service.full_name for service in contract.services()]
        health = HealthMonitor(pool, embedder.identity.fingerprint, names)
        chain = _chain(settings, registry, tokens, sessions)
        await _add_services(chain, settings, pool, embedder, hasher, tokens, sessions, health)
        server = grpc.aio.server(options=_SERVER_OPTIONS)
        server.add_generic_rpc_handlers((chain,))
        port = _listen(server, settings.grpc_host, settings.grpc_port)
        metrics = None
        if settings.metrics_port >= 0:
            metrics = start_metrics_endpoint(registry, settings.metrics_host, settings.metrics_port)
        await health.start()
        await server.start()
        schedule = None
        if settings.train_interval_seconds:
            schedule = TrainingSchedule(settings.database_url.get_secret_value(), settings.train_interval_seconds)
            schedule.start()
    except BaseException:
        await pool.close()
        raise
    _log.info("serving", grpc_port=port, metrics_port=metrics.port if metrics else None)
    return RunningServer(port, metrics, server, health, schedule, hasher, pool, settings.shutdown_grace_seconds)


def _chain(
    settings: Settings, registry: CollectorRegistry, tokens: AccessTokens, sessions: SessionStore
) -> InterceptorChain:
    interceptors: list[Interceptor] = [
        ErrorMapping(),
        RequestContext(),
        Tracing(),
        CallMetrics(registry),
        Deadline(settings.request_timeout_seconds),
        RateLimit(settings.rate_limit_per_second, settings.rate_limit_burst),
        Authentication(tokens, BatchLoader(sessions.active_sessions).load),
        Validation(),
    ]
    return InterceptorChain(interceptors, contract.methods())


async def _add_services(
    server: Any,  # an InterceptorChain: generated code only knows servers
    settings: Settings,
    pool: Pool,
    embedder: Embedder,
    hasher: PasswordHasher,
    tokens: AccessTokens,
    sessions: SessionStore,
    health: HealthMonitor,
) -> None:
    items = ItemStore(pool)
    messages = ItemMessages()
    pages = PageTokens(list(settings.signing_keys.values()))
    auth = AuthService(UserStore(pool), sessions, AccountDataStore(pool), hasher, tokens, settings)
    auth_pb2_grpc.add_AuthServiceServicer_to_server(auth, server)
    recommend = RecommendStore(pool)
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(CatalogService(items, recommend, messages, pages), server)
    ratings = RatingStore(pool)
    imports = RatingImports(OwnRatingImport(RatingMatches(pool), ratings), items)
    ratings_pb2_grpc.add_RatingsServiceServicer_to_server(
        RatingsService(ratings, items, messages, pages, imports), server
    )
    recommend_pb2_grpc.add_RecommendServiceServicer_to_server(
        RecommendService(recommend, items, messages, pages), server
    )
    search = SearchStore(pool, embedder.identity.fingerprint)
    engine = await open_engine(search, embedder)
    search_pb2_grpc.add_SearchServiceServicer_to_server(
        SearchService(engine, search, recommend, items, messages, pages), server
    )
    admin = AdminService(
        AdminStore(pool), items, recommend, engine, messages, pages, partial(embed_item, pool, embedder)
    )
    admin_pb2_grpc.add_AdminServiceServicer_to_server(admin, server)
    system_pb2_grpc.add_SystemServiceServicer_to_server(SystemService(health, embedder.identity.name), server)
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
    names = [service.full_name for service in contract.services()]
    add_reflection(server, [*names, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name])


def _listen(server: grpc.aio.Server, host: str, port: int) -> int:
    try:
        return server.add_insecure_port(f"{host}:{port}")
    except RuntimeError:
        raise StartupError(
            f"port {port} on {host} is taken or not allowed: stop the other program or choose another with --grpc-port"
        ) from None
