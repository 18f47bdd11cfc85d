"""Ports: taken ones are refused even where the system would let two servers share them."""

import socket

import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.local.ports import pick_free_port, require_free_port


def test_a_taken_port_is_named_with_its_flag() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartupError) as error:
            require_free_port("127.0.0.1", port, "--http-port")
    wanted = f"port {port} is taken: stop the other program or choose another with --http-port"
    assert str(error.value) == wanted


def test_a_picked_port_is_free() -> None:
    port = pick_free_port("127.0.0.1")
    require_free_port("127.0.0.1", port, "--grpc-port")
    assert 1024 <= port <= 65535


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(StartupError, match=r"cannot listen on 192\.0\.2\.77:8080 .* with --http-host"):
        require_free_port("192.0.2.77", 8080, "--http-host")
