"""The contract as plain data: what a generator needs to know, free of descriptor plumbing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Access(Enum):
    """Who may call an RPC: the `(cinelibre.v1.access)` option, where not set means USER."""

    PUBLIC = "public"
    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True)
class Comment:
    """A comment: its text as paragraphs joined by blank lines, and what it says after `Errors:`."""

    text: str
    errors: str = ""

    @property
    def summary(self) -> str:
        """The first sentence, without its full stop."""
        return self.text.partition("\n")[0].partition(". ")[0].removesuffix(".")


@dataclass(frozen=True)
class Field:
    """One field of a message."""

    name: str
    comment: Comment
    kind: str  # as written in proto: int32, string, message, enum…
    type_name: str  # the message's or enum's full name; empty for the others
    repeated: bool
    oneof: str  # the oneof it belongs to; empty for none
    presence: bool  # whether "absent" differs from the zero value
    rules: Any  # buf.validate.FieldRules


@dataclass(frozen=True)
class Message:
    """A message type. A map field's entry is a message with `map_entry` set."""

    full_name: str
    comment: Comment
    fields: tuple[Field, ...]
    map_entry: bool
    rules: tuple[str, ...]  # messages of its CEL rules
    required: frozenset[str]  # fields whose zero value breaks their own rules, so they must be sent


@dataclass(frozen=True)
class EnumValue:
    """One value of an enum."""

    name: str
    number: int
    comment: Comment


@dataclass(frozen=True)
class EnumType:
    """An enum type."""

    full_name: str
    comment: Comment
    values: tuple[EnumValue, ...]


@dataclass(frozen=True)
class Binding:
    """One HTTP binding of an RPC."""

    verb: str  # get, post…
    path: str  # with {field} variables
    path_fields: tuple[str, ...]
    body: str  # "*", a field's name, or empty for none
    response_body: str  # a field's name, or empty for the whole response


@dataclass(frozen=True)
class Method:
    """One RPC."""

    name: str
    comment: Comment
    request: str  # full name of the message
    response: str
    server_streaming: bool
    access: Access
    idempotent: bool  # the idempotency_level option promises it; HTTP verbs may promise more
    bindings: tuple[Binding, ...]  # none for what gRPC alone can do


@dataclass(frozen=True)
class Service:
    """One gRPC service."""

    full_name: str
    comment: Comment
    methods: tuple[Method, ...]

    @property
    def name(self) -> str:
        """The name without its package."""
        return self.full_name.rpartition(".")[2]


@dataclass(frozen=True)
class Contract:
    """All services of our files, and every type that they or their imports define."""

    services: tuple[Service, ...]
    messages: Mapping[str, Message]
    enums: Mapping[str, EnumType]
