"""A browser's view of the running stack."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.http.transcoding import json_call
from tests.stack import Stack

PASSWORD = "test123"


@dataclass(frozen=True)
class Account:
    """A registered user, signed in."""

    email: str
    access_token: str


@pytest.fixture(scope="session")
def http(stack: Stack) -> Iterator[httpx.Client]:
    """A client of the stack's Envoy."""
    with httpx.Client(base_url=stack.http_url, timeout=30) as client:
        yield client


@pytest.fixture
def account(http: httpx.Client) -> Account:
    """A new account."""
    email = f"{secrets.token_hex(6)}@example.com"
    response = json_call(http, "AuthService/Register", {"email": email, "password": PASSWORD})
    return Account(email, response.json()["access_token"])
