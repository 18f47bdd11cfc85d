"""Settings: what the environment may say, and one clear line where it may not."""

import os
import secrets
from pathlib import Path

import pytest
from pydantic import ValidationError

from cinelibre_server.config import Settings, load_settings
from cinelibre_server.errors import StartupError

# Fixed: test names hold it, and every worker must collect the same ones.
KEY = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is set where the tests run is no part of them."""
    for name in list(os.environ):
        if name.upper().startswith("CINELIBRE_"):
            monkeypatch.delenv(name)


def refusal(**overrides: object) -> str:
    with pytest.raises(StartupError) as caught:
        load_settings(**overrides)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_defaults_are_those_of_production() -> None:
    settings = load_settings()
    assert settings.environment == "production"
    assert (settings.grpc_host, settings.grpc_port, settings.metrics_port) == ("127.0.0.1", 50051, 9464)
    assert (settings.bcrypt_cost, settings.password_min_length) == (12, 6)
    assert settings.access_token_seconds == 7 * 24 * 3600
    assert settings.model == "intfloat/multilingual-e5-small"
    assert settings.rate_limit_per_second == 0


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CINELIBRE_GRPC_PORT", "7000")
    monkeypatch.setenv("CINELIBRE_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("CINELIBRE_LOG_FORMAT", "text")
    settings = load_settings()
    assert (settings.grpc_port, settings.cache_dir, settings.log_format) == (7000, tmp_path, "text")


def test_arguments_go_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CINELIBRE_GRPC_PORT", "7000")
    assert load_settings(grpc_port=7001).grpc_port == 7001
    assert load_settings(grpc_port=None).grpc_port == 7000


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings().grpc_port = 1


def test_origins_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CINELIBRE_CORS_ORIGINS", " https://a.example, https://b.example ,")
    assert load_settings().cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRPC_PORT", "70000"),
        ("GRPC_PORT", "http"),
        ("DATABASE_POOL_SIZE", "0"),
        ("REQUEST_TIMEOUT_SECONDS", "0"),
        ("REQUEST_TIMEOUT_SECONDS", "nan"),
        ("PASSWORD_MIN_LENGTH", "5"),
        ("RATE_LIMIT_PER_SECOND", "-1"),
        ("LOG_LEVEL", "loud"),
        ("ENVIRONMENT", "staging"),
    ],
)
def test_a_bad_value_is_one_line_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"CINELIBRE_{name}", value)
    assert refusal().startswith(f"CINELIBRE_{name}: ")


def test_production_refuses_a_cheap_password_hash() -> None:
    assert "CINELIBRE_BCRYPT_COST must be 12 or more" in refusal(bcrypt_cost=11)
    assert load_settings(bcrypt_cost=4, environment="local").bcrypt_cost == 4


def test_signing_keys_are_in_order() -> None:
    other = secrets.token_hex(32)
    settings = load_settings(jwt_keys=f" new:{KEY} , old:{other} ")
    assert list(settings.signing_keys.items()) == [("new", KEY.encode()), ("old", other.encode())]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("", "is not set"),
        (" , ", "is not set"),
        (KEY, "malformed"),
        (f":{KEY}", "malformed"),
        ("k1:short", "'k1' is weak"),
        ("k1:" + "a" * 64, "'k1' is weak"),
        (f"k1:{KEY},k1:{KEY[::-1]}", "two keys have the id 'k1'"),
    ],
)
def test_a_missing_or_weak_key_is_one_line_that_says_what_to_do(keys: str, words: str) -> None:
    with pytest.raises(StartupError) as caught:
        _ = load_settings(jwt_keys=keys).signing_keys
    text = str(caught.value)
    assert words in text
    assert "CINELIBRE_JWT_KEYS" in text
    assert "\n" not in text
    assert KEY not in text


def test_secrets_are_not_shown() -> None:
    settings = load_settings(jwt_keys=f"k1:{KEY}", database_url="postgresql://me:hunter2@db/cinelibre")
    shown = f"{settings!r} {settings} {settings.model_dump()}"
    assert KEY not in shown
    assert "hunter2" not in shown


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
