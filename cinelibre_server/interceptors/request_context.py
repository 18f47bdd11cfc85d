"""Gives every call an id that the caller, the log and Envoy share, and logs the calls that fail."""

import re
import secrets
import time

import structlog

from cinelibre_server.interceptors.call import Call, Proceed
from cinelibre_server.interceptors.errors import public_code

_log = structlog.get_logger("cinelibre.call")
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContext:
    """Takes `x-request-id` from the caller (Envoy sets one) or makes one; returns it in the trailing metadata."""

    async def __call__(self, call: Call, proceed: Proceed) -> None:
        sent = call.metadata.get("x-request-id", "")
        call.request_id = sent if isinstance(sent, str) and _ACCEPTABLE_ID.fullmatch(sent) else secrets.token_hex(8)
        call.context.set_trailing_metadata((("x-request-id", call.request_id),))
        structlog.contextvars.bind_contextvars(request_id=call.request_id)
        started = time.perf_counter()
        try:
            await proceed(call)
        except Exception as error:
            # What went well is counted by the metrics; a line for each would cost more than many a call.
            _log.info(
                "call refused",
                code=public_code(error, call).name,
                method=call.method.full_name,
                milliseconds=round((time.perf_counter() - started) * 1000, 2),
                user_id=call.user.user_id if call.user else None,
            )
            raise
