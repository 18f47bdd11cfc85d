"""Page sizes and page tokens: a token is the last row's sort key, signed, bound to the filters and the user."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

import grpc
from cinelibre.v1 import errors_pb2
from google.protobuf.message import Message

from cinelibre_server.errors import DomainError, FieldViolation
from cinelibre_server.interceptors.call import find_current_user

DEFAULT_PAGE_SIZE = 20
_SIGNATURE_BYTES = 16
_SIZE_FIELDS = ("page_size", "limit")

KeyPart = str | int | float


class PageTokens:
    """Makes and reads page tokens. Any of the keys verifies, the first signs, as with access tokens."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [hashlib.sha256(b"cinelibre page tokens" + key).digest() for key in keys]

    def encode(self, request: Message, key: Sequence[KeyPart]) -> str:
        """The token that goes on after `key` for the same filters and user."""
        # Escapes would double the length of titles in Indian scripts, and the contract bounds a token's.
        payload = json.dumps(list(key), separators=(",", ":"), ensure_ascii=False).encode()
        return _as_text(self._sign(self._keys[0], request, payload) + payload)

    def decode(self, request: Message, length: int) -> list[KeyPart] | None:
        """The key of the request's `page_token`, None for the first page.

        Raises:
            DomainError: INVALID_ARGUMENT; the token is garbled, forged, or of another request or user.
        """
        token: str = request.page_token  # type: ignore[attr-defined]
        if not token:
            return None
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raise _invalid_token() from None
        # The decoder skips characters that don't belong there: only the one spelling is ours.
        if _as_text(raw) != token:
            raise _invalid_token()
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not any(hmac.compare_digest(signature, self._sign(key, request, payload)) for key in self._keys):
            raise _invalid_token()
        parts: list[KeyPart] = json.loads(payload)
        if len(parts) != length:
            raise _invalid_token()
        return parts

    def _sign(self, key: bytes, request: Message, payload: bytes) -> bytes:
        bound = type(request)()
        bound.CopyFrom(request)
        bound.ClearField("page_token")
        for field in _SIZE_FIELDS:
            if field in request.DESCRIPTOR.fields_by_name:
                bound.ClearField(field)
        user = find_current_user()
        context = f"{request.DESCRIPTOR.full_name}\0{user.user_id if user else ''}\0".encode()
        message = context + bound.SerializeToString(deterministic=True) + b"\0" + payload
        return hmac.digest(key, message, "sha256")[:_SIGNATURE_BYTES]


def page_size(requested: int) -> int:
    """Entries a page; the contract's rules have refused what is below 0 or above 100."""
    return requested or DEFAULT_PAGE_SIZE


def _as_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _invalid_token() -> DomainError:
    text = "must be the next_page_token of a call with the same filters, or empty for the first page"
    return DomainError(
        grpc.StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_INVALID_PAGE_TOKEN,
        f"page_token: {text}",
        violations=[FieldViolation("page_token", text)],
    )
