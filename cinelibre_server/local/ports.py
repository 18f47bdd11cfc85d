"""TCP ports: refuse a taken one with a clear line before anything starts, or pick a free one."""

from __future__ import annotations

import errno
import socket

from cinelibre_server.errors import StartupError


def require_free_port(host: str, port: int, flag: str) -> None:
    """Check that `host:port` can be listened on; port 0 always can.

    gRPC and Envoy would share a port with another server of the same user (SO_REUSEPORT) and say nothing.
    `flag` is the option that chooses another port, for the message. Errors: StartupError.
    """
    try:
        _bind(host, port).close()
    except OSError as error:
        raise StartupError(_explain(error, host, port, flag)) from error


def pick_free_port(host: str) -> int:
    """A port on `host` that was free a moment ago. Errors: StartupError when `host` is not ours."""
    try:
        with _bind(host, 0) as listener:
            return int(listener.getsockname()[1])
    except OSError as error:
        raise StartupError(_explain(error, host, 0, "the host option")) from error


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # Ports of connections that just closed are free for a server.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1)
    except OSError:
        listener.close()
        raise
    return listener


def _explain(error: OSError, host: str, port: int, flag: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken: stop the other program or choose another with {flag}"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has: choose one above 1023 with {flag}"
    return f"cannot listen on {host}:{port} ({error.strerror}): choose another address with {flag}"
