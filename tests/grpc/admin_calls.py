"""What the tests of AdminService call again and again."""

from typing import TypeAlias

from cinelibre.v1 import admin_pb2, admin_pb2_grpc
from grpc.aio import Channel

from cinelibre_server.store.database import Pool
from cinelibre_server.store.users import UserStore
from tests.grpc.list_calls import Metadata, pages, sign_up

# A string: the asynchronous stub exists for type checkers only.
AdminStub: TypeAlias = "admin_pb2_grpc.AdminServiceAsyncStub"

ADMIN_EMAIL = "admin@example.com"


async def sign_up_admin(channel: Channel, pool: Pool, email: str = ADMIN_EMAIL) -> Metadata:
    """The metadata of a new admin's calls."""
    metadata = await sign_up(channel, email)
    assert await UserStore(pool).set_role(email, "admin") is not None
    return metadata


async def audit(channel: Channel, admin: Metadata, item_id: int = 0) -> list[admin_pb2.AuditEntry]:
    """All entries, the latest first."""
    stub = admin_pb2_grpc.AdminServiceStub(channel)
    request = admin_pb2.ListAuditEntriesRequest(item_id=item_id)
    return [entry async for page in pages(stub.ListAuditEntries, request, 100, admin) for entry in page.entries]
