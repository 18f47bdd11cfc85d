"""Fills the shipped envoy.yaml with the addresses and files of one run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

# A line `key: value # set: name`: what stands between is replaced. JSON is YAML, so any value fits in.
_MARKED_LINE = re.compile(r"^(?P<key>\s*[\w-]+: )(?P<value>.+) # set: (?P<name>\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class SocketAddress:
    """A TCP address; port 0 to listen on a free one."""

    host: str
    port: int


@dataclass(frozen=True)
class EnvoyConfig:
    """What differs between one run of Envoy and another.

    `descriptor` is the descriptor set of the contract. `cors_origins` are exact, such as
    `https://films.example`. `services` are the full names of the gRPC services with JSON paths. None keeps
    what envoy.yaml says.
    """

    http: SocketAddress
    grpc: SocketAddress
    descriptor: Path
    admin: SocketAddress = SocketAddress("127.0.0.1", 0)
    cors_origins: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None

    def render(self, template: str) -> str:
        """The text of envoy.yaml with these values. Errors: ValueError when its marks are not these."""
        values = self._values()
        found = [match["name"] for match in _MARKED_LINE.finditer(template)]
        if sorted(found) != sorted(values):
            raise ValueError(f"envoy.yaml marks {sorted(found)}, expected {sorted(values)}")

        def replace(match: re.Match[str]) -> str:
            value = values[match["name"]]
            return match[0] if value is None else f"{match['key']}{json.dumps(value)}"

        return _MARKED_LINE.sub(replace, template)

    def _values(self) -> dict[str, object]:
        origins = None if self.cors_origins is None else [{"exact": origin} for origin in self.cors_origins]
        return {
            "admin_address": _socket_address(self.admin),
            "http_address": _socket_address(self.http),
            "grpc_address": _socket_address(self.grpc),
            "descriptor": str(self.descriptor),
            "services": self.services,
            "cors_origins": origins,
        }


def _socket_address(address: SocketAddress) -> dict[str, object]:
    return {"address": address.host, "port_value": address.port}
