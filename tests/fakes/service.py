"""A small HTTP server for a fake service, which can be told how to fail."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it came in. `number` counts them from 1; `at` is when, in seconds of the monotonic clock."""

    number: int
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]
    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: `body` as JSON unless it is bytes."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """How a call goes wrong instead: an answer, or one of the ways below."""

    answer: Answer | None = None
    resets: bool = False
    hangs: bool = False
    cuts_json: bool = False
    cuts_body: bool = False


def status(code: int, **headers: str) -> Fault:
    """An error of the service, with headers such as retry_after."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(Answer({"status_message": "no"}, code, named))


RESET = Fault(resets=True)
HANG = Fault(hangs=True)
TRUNCATED_JSON = Fault(cuts_json=True)
TRUNCATED_BODY = Fault(cuts_body=True)


class FakeService:
    """Answers with `respond`, unless `fault` (asked first, for each call) has another idea."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.fault: Callable[[Request], Fault | None] = lambda _request: None
        self.at_once = self.most_at_once = 0

    def respond(self, request: Request) -> Answer:
        """What the service says when nothing goes wrong."""
        raise NotImplementedError

    def paths(self) -> list[str]:
        """The paths that were asked for since the last time."""
        paths = [request.path for request in self.requests]
        self.requests.clear()
        return paths

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The service at `url` while the block runs."""
        self._connections: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._serve_one(reader, writer):
                    pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays open."""
        request = await self._read(reader)
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            fault = self.fault(request) or Fault()
            # One turn of the loop, so that calls at the same time are seen as such.
            await asyncio.sleep(0)
            if fault.hangs:
                await asyncio.sleep(3600)
            if fault.resets:
                writer.transport.abort()
                return False
            return self._send(writer, fault.answer or self.respond(request), fault)
        finally:
            self.at_once -= 1

    def _send(self, writer: asyncio.StreamWriter, answer: Answer, fault: Fault) -> bool:
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        if fault.cuts_json:
            body = body[: len(body) // 2]
        lines = [f"HTTP/1.1 {answer.status} whatever", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        sent = body[: len(body) // 2] if fault.cuts_body else body
        writer.write("\r\n".join([*lines, "", ""]).encode() + sent)
        return not fault.cuts_body

    async def _read(self, reader: asyncio.StreamReader) -> Request:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        address = urlsplit(first.split()[1])
        return Request(
            number=len(self.requests) + 1,
            path=address.path,
            query=dict(parse_qsl(address.query)),
            headers=headers,
            form=dict(parse_qsl(body.decode())),
            at=time.monotonic(),
        )
