"""Password hashes: what matches, what is refused, and where the work is done."""

import asyncio
import threading
from collections.abc import Iterator

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinelibre_server.security.passwords import PasswordHasher

COST = 4
passwords = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=18)


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher(COST, 2)
    yield hasher
    hasher.close()


@given(password=passwords, other=passwords)
@settings(max_examples=15, deadline=None)
async def test_only_the_same_password_matches(password: str, other: str) -> None:
    hasher = PasswordHasher(COST, 1)
    hashed = await hasher.hash(password)
    assert await hasher.verify(password, hashed)
    assert await hasher.verify(other, hashed) is (other == password)
    hasher.close()


async def test_hash_is_salted_and_of_the_asked_cost(hasher: PasswordHasher) -> None:
    first, second = await hasher.hash("test123"), await hasher.hash("test123")
    assert first != second
    assert first.startswith("$2b$04$")
    assert len(first) == 60


async def test_72_bytes_count_to_the_last_and_73_are_refused(hasher: PasswordHasher) -> None:
    longest = "ன" * 24
    assert len(longest.encode()) == 72
    hashed = await hasher.hash(longest)
    assert await hasher.verify(longest, hashed)
    assert not await hasher.verify(longest[:-1] + "ந", hashed)
    with pytest.raises(ValueError, match="72 bytes"):
        await hasher.hash(longest + "x")
    with pytest.raises(ValueError, match="72 bytes"):
        await hasher.verify(longest + "x", hashed)


async def test_no_account_costs_a_check_of_the_same_cost(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = await hasher.hash("test123")
    checked = []
    check = bcrypt.checkpw

    def recording(password: bytes, expected: bytes) -> bool:
        checked.append((password, expected))
        return check(password, expected)

    monkeypatch.setattr(bcrypt, "checkpw", recording)
    assert not await hasher.verify("wrong", hashed)
    assert not await hasher.verify("wrong", None)
    (_, real), (password, nobodys) = checked
    assert password == b"wrong"
    assert (nobodys[:7], len(nobodys)) == (real[:7], len(real))


async def test_work_stays_off_the_event_loop_and_within_its_bound(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = threading.Semaphore(2)
    threads = []
    make = bcrypt.hashpw

    def counting(password: bytes, salt: bytes) -> bytes:
        assert running.acquire(blocking=False), "more hashes at a time than allowed"
        try:
            threads.append(threading.current_thread())
            return make(password, salt)
        finally:
            running.release()

    monkeypatch.setattr(bcrypt, "hashpw", counting)
    hashes = await asyncio.gather(*(hasher.hash("test123") for _ in range(12)))
    assert len(set(hashes)) == 12
    assert threading.main_thread() not in threads
    assert 1 <= len({thread.ident for thread in threads}) <= 2


async def test_a_cancelled_call_in_the_queue_never_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = PasswordHasher(COST, 1)
    release = threading.Event()
    started = []
    make = bcrypt.hashpw

    def waiting(password: bytes, salt: bytes) -> bytes:
        started.append(password)
        release.wait(10)
        return make(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", waiting)
    first = asyncio.create_task(hasher.hash("first"))
    queued = asyncio.create_task(hasher.hash("queued"))
    await asyncio.sleep(0.05)
    queued.cancel()
    with pytest.raises(asyncio.CancelledError):
        await queued
    release.set()
    assert await first
    hasher.close()
    assert started == [b"first"]
