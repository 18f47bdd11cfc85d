"""`cinelibre up`: what it answers and prints, how it ends, and that it comes back after a violent end."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.cli.launching import descendants, launched, open_folder

UP = [sys.executable, "-m", "cinelibre_server", "up"]


def _environment(model_cache: Path, **more: str) -> dict[str, str]:
    return {"HOME": "/nonexistent", "CINELIBRE_CACHE_DIR": str(model_cache), **more}


def _is_open(address: str) -> bool:
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(signal_number: signal.Signals, starter_database_url: str, model_cache: Path) -> None:
    environment = _environment(model_cache, CINELIBRE_DATABASE_URL=starter_database_url)
    with open_folder() as folder, launched(UP, folder, environment) as up:
        assert httpx.get(f"{up.http_url}/", timeout=10).json()["status"] == "SERVING_STATUS_SERVING"
        assert up.stop(signal_number) == 0
        assert not _is_open(up.http_url)
        assert not _is_open(up.grpc_target)
        assert "Traceback" not in (folder / "errors").read_text()


def test_the_ready_file_names_what_is_printed(starter_database_url: str, model_cache: Path) -> None:
    environment = _environment(model_cache, CINELIBRE_DATABASE_URL=starter_database_url)
    with open_folder() as folder, launched(UP, folder, environment) as up:
        endpoints = json.loads((folder / "ready.json").read_text())
        assert set(endpoints) == {"grpc", "http", "metrics"}
        for endpoint in endpoints.values():
            assert endpoint in up.output
        assert "cinelibre_" in httpx.get(endpoints["metrics"], timeout=10).text
        assert up.stop() == 0


def test_without_envoy_there_is_grpc_alone(starter_database_url: str, model_cache: Path) -> None:
    settings = {"CINELIBRE_DATABASE_URL": starter_database_url, "CINELIBRE_METRICS_PORT": "-1"}
    environment = _environment(model_cache, **settings)
    with open_folder() as folder, launched(UP, folder, environment, options=["--no-envoy"]) as up:
        assert json.loads((folder / "ready.json").read_text()) == {
            "grpc": up.grpc_target,
            "http": None,
            "metrics": None,
        }
        assert "http://" not in up.output
        assert descendants(up.process.pid) == set()
        with grpc.insecure_channel(up.grpc_target) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert up.stop() == 0


def test_nothing_acknowledged_is_lost_when_it_is_killed(model_cache: Path) -> None:
    """On the embedded database, from its first start on."""
    environment = _environment(model_cache)
    account = {"email": "test@example.com", "password": "test123", "name": "Test"}
    with open_folder() as folder:
        with launched(UP, folder, environment) as up:
            token = httpx.post(f"{up.http_url}/auth/register", json=account, timeout=10).json()["access_token"]
            signed_in = {"authorization": f"Bearer {token}"}
            for item_id in range(1, 11):
                rating = {"item_id": item_id, "stars": item_id / 2}
                answer = httpx.post(f"{up.http_url}/ratings", json=rating, headers=signed_in, timeout=10)
                assert answer.status_code == 200
            up.process.kill()
            up.process.wait()
        with launched(UP, folder, environment) as up:
            # The key is the same too, so the user is still signed in.
            mine = httpx.get(f"{up.http_url}/ratings/my", headers=signed_in, timeout=10).json()["ratings"]
            stars = {each["rating"]["item_id"]: each["rating"]["stars"] for each in mine}
            assert stars == {item_id: item_id / 2 for item_id in range(1, 11)}
            _check_another_command(folder, environment)
            assert up.stop() == 0


def _check_another_command(folder: Path, environment: dict[str, str]) -> None:
    """While the stack runs, other commands use its database."""
    command = [*UP[:-1], "recommend", "--user", "1", "--data-dir", str(folder / "data")]
    variables = {"PATH": os.environ["PATH"], **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert "For user 1" in done.stdout, done.stderr
