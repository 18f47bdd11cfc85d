"""Asks an upstream service for JSON: paced, with several calls at once, and again when it fails.

No error of this module and nothing that it logs holds the address of a call, because addresses can hold keys.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync.pace import Pace, Patience, retry_after_seconds

_CONNECT_SECONDS = 10.0
_GONE = frozenset({404, 410})
_REFUSED = frozenset({401, 403})
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Service:
    """An upstream service and its limits. `refused_hint` says what to do when it doesn't accept us."""

    title: str
    url: str
    url_setting: str
    requests_per_second: float
    concurrency: int
    refused_hint: str
    user_agent: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    follow_redirects: bool = False
    timeout_seconds: float = 30.0
    patience: Patience = field(default_factory=Patience)


class NotThere(Exception):
    """The service has nothing at this path."""


class Unreadable(Exception):
    """No usable answer, after all attempts. The text says why, in a few words."""


class ServiceClient:
    """Calls to one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._pace = Pace(service.requests_per_second)
        self._slots = asyncio.Semaphore(service.concurrency)
        try:
            self._http = httpx.AsyncClient(
                base_url=service.url,
                headers={"user-agent": service.user_agent, "accept": "application/json", **service.headers},
                params=dict(service.parameters),
                timeout=httpx.Timeout(service.timeout_seconds, connect=_CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=service.concurrency),
                follow_redirects=service.follow_redirects,
            )
        except httpx.InvalidURL as error:
            raise StartupError(f"{service.url_setting} is no address ({error}): write https://host/path") from None

    async def get(self, path: str, **parameters: str | int) -> Any:
        """The JSON at `path`.

        Raises:
            NotThere: the service has nothing there.
            Unreadable: it failed at every attempt, or doesn't accept the call.
            StartupError: it doesn't accept us, or wants us to come back much later.
        """
        return await self._ask("GET", path, parameters, None)

    async def post(self, path: str, form: Mapping[str, str]) -> Any:
        """The JSON that answers a form; errors as in `get`."""
        return await self._ask("POST", path, {}, form)

    async def close(self) -> None:
        """Ends the connections."""
        await self._http.aclose()

    async def _ask(
        self, method: str, path: str, parameters: Mapping[str, str | int], form: Mapping[str, str] | None
    ) -> Any:
        patience = self.service.patience
        reason = ""
        for attempt in range(patience.attempts):
            if attempt:
                await asyncio.sleep(patience.pause_seconds(attempt - 1))
            async with self._slots:
                await self._pace.turn()
                try:
                    response = await self._http.request(method, path, params=parameters, data=form)
                    if response.status_code == 200:
                        return json.loads(response.content)
                except httpx.TimeoutException:
                    reason = "no answer in time"
                    continue
                except httpx.ConnectError:
                    reason = "no connection"
                    continue
                except httpx.RequestError:
                    reason = "the connection broke off"
                    continue
                except ValueError:
                    reason = "the answer is no whole JSON"
                    continue
            reason = f"HTTP {response.status_code}"
            self._judge(response)
        raise Unreadable(reason)

    def _judge(self, response: httpx.Response) -> None:
        """Raises unless the call may be tried again; then holds all calls as long as the service asks."""
        service = self.service
        if response.status_code in _GONE:
            raise NotThere
        if response.status_code in _REFUSED:
            raise StartupError(f"{service.title} refuses us (HTTP {response.status_code}): {service.refused_hint}")
        if response.status_code not in _TRY_AGAIN:
            raise Unreadable(f"HTTP {response.status_code}")
        wanted = retry_after_seconds(response.headers.get("retry-after"))
        if wanted is None:
            return
        if wanted > service.patience.longest_wait_seconds:
            raise StartupError(
                f"{service.title} asks for a pause of {wanted:,.0f} s: run the same command after that;"
                " what was read so far is kept"
            )
        self._pace.hold(wanted)
