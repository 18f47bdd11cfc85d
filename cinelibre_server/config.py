"""All settings. This is the only file that reads the environment; everything is CINELIBRE_*."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cinelibre_server.errors import StartupError

MIN_KEY_BYTES = 32
_WEB_ADDRESS = r"^https?://[^\s/]+"


class Settings(BaseSettings):
    """The server's settings, read once at start and never changed."""

    model_config = SettingsConfigDict(env_prefix="CINELIBRE_", frozen=True, extra="ignore")

    environment: Literal["production", "local"] = Field(
        "production", description="`local` is set by `cinelibre up`; production refuses weak secrets"
    )
    database_url: SecretStr = Field(
        SecretStr(""), description="PostgreSQL >= 15 with pgvector >= 0.8: postgresql://user:password@host/db"
    )
    database_pool_size: int = Field(
        4, ge=1, le=200, description="connections a process; more than the database's cores + 2 only adds waiting"
    )
    grpc_host: str = Field("127.0.0.1", description="address the gRPC server listens on")
    grpc_port: int = Field(50051, ge=0, le=65535, description="port of the gRPC server; 0 picks a free one")
    metrics_host: str = Field("127.0.0.1", description="address of the Prometheus endpoint")
    metrics_port: int = Field(9464, ge=-1, le=65535, description="port of /metrics; 0 picks, -1 turns it off")
    jwt_keys: SecretStr = Field(
        SecretStr(""),
        description="signing keys, `id:secret[,id:secret…]` of 32 bytes or more; the first signs, all verify",
    )
    access_token_seconds: int = Field(604_800, ge=1, le=31_536_000, description="life of an access token: 7 days")
    refresh_token_seconds: int = Field(2_592_000, ge=1, le=31_536_000, description="life of a session: 30 days")
    password_min_length: int = Field(6, ge=6, le=64, description="least characters of a new password")
    bcrypt_cost: int = Field(12, ge=4, le=16, description="bcrypt work factor; production needs 12 or more")
    bcrypt_concurrency: int = Field(2, ge=1, le=64, description="password checks that run at the same time")
    rate_limit_per_second: float = Field(
        0, ge=0, description="calls a second for each client address; 0 means no limit"
    )
    rate_limit_burst: int = Field(50, ge=1, description="calls that may come at once before the limit bites")
    request_timeout_seconds: float = Field(
        10, gt=0, le=600, description="longest time of a call; exports and uploads get six times it"
    )
    shutdown_grace_seconds: float = Field(5, ge=0, le=120, description="time for running calls after SIGTERM")
    model: str = Field("intfloat/multilingual-e5-small", description="embedding model known to fastembed")
    model_dir: Path | None = Field(None, description="folder of an ONNX model to use instead")
    cache_dir: Path = Field(
        default_factory=lambda: Path.home() / ".cache" / "cinelibre",
        description="where the built model is kept",
    )
    model_threads: int = Field(2, ge=1, le=64, description="queries embedded at once, a thread each")
    query_cache_size: int = Field(2048, ge=0, le=1_000_000, description="query embeddings kept in memory")
    train_interval_seconds: float = Field(
        0, ge=0, description="train beside the server so often, if 200 ratings changed; 0 means never"
    )
    tmdb_token: SecretStr = Field(
        SecretStr(""), description="API read access token or API key of TMDB, for `cinelibre sync tmdb`"
    )
    tmdb_url: str = Field("https://api.themoviedb.org/3", pattern=_WEB_ADDRESS, description="where TMDB's API is")
    wikidata_url: str = Field(
        "https://query.wikidata.org", pattern=_WEB_ADDRESS, description="where Wikidata's query service is"
    )
    openlibrary_url: str = Field("https://openlibrary.org", pattern=_WEB_ADDRESS, description="where Open Library is")
    google_books_key: SecretStr = Field(
        SecretStr(""), description="API key of Google Books, for more than a thousand books a day"
    )
    google_books_url: str = Field(
        "https://www.googleapis.com/books/v1", pattern=_WEB_ADDRESS, description="where Google Books' API is"
    )
    sync_contact: str = Field(
        "", pattern=r"^[ -~]*$", description="an e-mail or web address of yours that upstream sources may write to"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    log_format: Literal["json", "text"] = Field("json", description="one JSON object a line, or text for people")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("http://localhost:3000", "http://localhost:5173"),
        description="web origins that browsers may call from, with commas (read by `cinelibre up`)",
    )

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: dict[str, object]) -> dict[str, object]:
        origins = values.get("cors_origins")
        if isinstance(origins, str):
            values["cors_origins"] = tuple(part.strip() for part in origins.split(",") if part.strip())
        return values

    @model_validator(mode="after")
    def _production_is_safe(self) -> Self:
        if self.environment == "production" and self.bcrypt_cost < 12:
            raise ValueError("CINELIBRE_BCRYPT_COST must be 12 or more in production")
        return self

    @cached_property
    def signing_keys(self) -> dict[str, bytes]:
        """Key id to secret, the signing key first.

        Raises:
            StartupError: there is none, or one is malformed or shorter than 32 bytes.
        """
        keys: dict[str, bytes] = {}
        for part in filter(None, (p.strip() for p in self.jwt_keys.get_secret_value().split(","))):
            key_id, separator, secret = part.partition(":")
            if not separator or not key_id:
                raise StartupError("CINELIBRE_JWT_KEYS is malformed: write id:secret[,id:secret...]")
            if len(secret.encode()) < MIN_KEY_BYTES or len(set(secret)) < 8:
                raise StartupError(
                    f"CINELIBRE_JWT_KEYS: key {key_id!r} is weak: use 32 random bytes, e.g. `openssl rand -hex 32`"
                )
            if key_id in keys:
                raise StartupError(f"CINELIBRE_JWT_KEYS: two keys have the id {key_id!r}: give each its own")
            keys[key_id] = secret.encode()
        if not keys:
            raise StartupError("CINELIBRE_JWT_KEYS is not set: give it id:secret, e.g. k1:$(openssl rand -hex 32)")
        return keys


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, with `overrides` (None is skipped) in front.

    Raises:
        StartupError: a value is not allowed; the line names the variable.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise StartupError(str(first["ctx"]["error"])) from None
        name = "_".join(["CINELIBRE", *(str(part).upper() for part in first["loc"])])
        raise StartupError(f"{name}: {first['msg']}") from None
