"""Joins the caller's trace: the W3C trace id goes into every log line of the call."""

import re

import structlog

from cinelibre_server.interceptors.call import Call, Proceed

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


class Tracing:
    """Reads `traceparent` (https://www.w3.org/TR/trace-context/); a malformed one is ignored, as the standard asks."""

    async def __call__(self, call: Call, proceed: Proceed) -> None:
        sent = call.metadata.get("traceparent")
        if isinstance(sent, str) and (match := _TRACEPARENT.fullmatch(sent)):
            structlog.contextvars.bind_contextvars(trace_id=match[1], parent_span_id=match[2])
        await proceed(call)
