"""Ends every call in time: Envoy sends no deadline, so the server has its own."""

import asyncio

from cinelibre_server.interceptors.call import Call, Proceed

# Streams carry more data than one message.
_STREAM_FACTOR = 6


class Deadline:
    """The sooner of the caller's deadline and the server's limit in seconds; a running SQL statement is cancelled."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds

    async def __call__(self, call: Call, proceed: Proceed) -> None:
        if not call.method.is_ours:
            # Health watches and reflection streams stay open as long as their client wants.
            await proceed(call)
            return
        streams = call.method.request_streaming or call.method.response_streaming
        limit = self._limit_seconds * (_STREAM_FACTOR if streams else 1)
        remaining = call.context.time_remaining()
        async with asyncio.timeout(limit if remaining is None else min(limit, max(remaining, 0))):
            await proceed(call)
