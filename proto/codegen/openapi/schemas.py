"""JSON schemas of messages and enums, as Envoy's transcoder writes and reads them."""

from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import groupby
from typing import Any

from ..contract import Binding, Contract, EnumType, Field, Message, Method
from .errors import REASONS_ENUM
from .examples import field_example
from .rules import list_keywords, rule_messages, value_keywords

Schema = dict[str, Any]

# The JSON mapping of protobuf: 64-bit integers are strings, because JavaScript's numbers can't hold them.
_SCALARS: dict[str, Schema] = {
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "double": {"type": "number", "format": "double"},
    "float": {"type": "number", "format": "float"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "string", "format": "int64"},
    "string": {"type": "string"},
    "uint32": {"type": "integer", "minimum": 0},
    "uint64": {"type": "string", "format": "uint64"},
}
WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d+(\.\d+)?s$"},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
}
HTTP_BODY = "google.api.HttpBody"


class Direction(Enum):
    """Which way a message goes: what the server always sends, a client may leave out."""

    REQUEST = "request"
    RESPONSE = "response"


class Schemas:
    """The schemas of one contract, under `#/components/schemas`."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        methods = [method for service in contract.services for method in service.methods]
        self._requests = self._reachable(
            body for method in methods for binding in method.bindings for body in self._bodies(method, binding)
        )
        self._responses = self._reachable(
            body for method in methods for binding in method.bindings for body in self._answers(method, binding)
        )

    def components(self) -> dict[str, Schema]:
        """Every message and enum that bodies and parameters use, by component name."""
        found = {self.name(m, Direction.REQUEST): self._message(m, Direction.REQUEST) for m in self._requests}
        found |= {self.name(m, Direction.RESPONSE): self._message(m, Direction.RESPONSE) for m in self._responses}
        found |= {_simple_name(enum.full_name): _enum_schema(enum) for enum in self._enums()}
        return dict(sorted(found.items()))

    def name(self, full_name: str, direction: Direction) -> str:
        """The component of a message: its simple name, with `Input` where it goes both ways."""
        both = full_name in self._requests and full_name in self._responses
        return _simple_name(full_name) + ("Input" if both and direction is Direction.REQUEST else "")

    def reference(self, full_name: str, direction: Direction) -> Schema:
        """A `$ref` to a message."""
        return {"$ref": f"#/components/schemas/{self.name(full_name, direction)}"}

    def fields(self, message: Message, fields: Iterable[Field], direction: Direction) -> Schema:
        """An object with some fields of a message. `x-oneofs` lists groups of which one field is set at most."""
        fields = tuple(fields)
        rules = (f"Rule: {rule}." for rule in message.rules)
        schema: Schema = {
            "type": "object",
            "description": "\n\n".join((message.comment.text, *rules)),
            "properties": {field.name: self.field(message, field, direction) for field in fields},
        }
        required = [field.name for field in fields if _is_required(message, field, direction)]
        if required:
            schema["required"] = required
        oneofs = [[field.name for field in group] for _, group in groupby(_in_oneofs(fields), lambda f: f.oneof)]
        return schema | ({"x-oneofs": oneofs} if oneofs else {})

    def field(self, message: Message, field: Field, direction: Direction) -> Schema:
        """The schema of one field, with its comment, rules and example."""
        text = "\n\n".join((field.comment.text, *(f"Rule: {rule}." for rule in rule_messages(field.rules))))
        about = {"description": text} | field_example(_simple_name(message.full_name), field.name)
        if not field.repeated:
            return self._value(field, field.rules, direction) | about
        entry = self._contract.messages.get(field.type_name)
        if entry is not None and entry.map_entry:
            return {
                "type": "object",
                "additionalProperties": self._value(entry.fields[1], None, direction),
            } | about
        limits = list_keywords(field.rules)
        item_rules = field.rules.repeated.items if field.rules is not None else None
        return {"type": "array", "items": self._value(field, item_rules, direction)} | limits | about

    def _value(self, field: Field, rules: Any, direction: Direction) -> Schema:
        if field.kind == "enum":
            names = {value.number: value.name for value in self._contract.enums[field.type_name].values}
            reference = {"$ref": f"#/components/schemas/{_simple_name(field.type_name)}"}
            return reference | value_keywords(rules, names)
        if field.kind == "message":
            return dict(WELL_KNOWN.get(field.type_name) or self.reference(field.type_name, direction))
        return _SCALARS[field.kind] | value_keywords(rules, {})

    def _message(self, full_name: str, direction: Direction) -> Schema:
        message = self._contract.messages[full_name]
        return self.fields(message, message.fields, direction)

    def _enums(self) -> Iterator[EnumType]:
        methods = (method for service in self._contract.services for method in service.methods)
        messages = self._reachable(name for method in methods for name in (method.request, method.response))
        fields = (field for name in messages for field in self._contract.messages[name].fields)
        used = {field.type_name for field in fields if field.kind == "enum"}
        for name, enum in self._contract.enums.items():
            if name in used or _simple_name(name) == REASONS_ENUM:
                yield enum

    def _bodies(self, method: Method, binding: Binding) -> Iterator[str]:
        if binding.body == "*" and binding.path_fields:
            # The body is what the path leaves of the request, which has no name.
            yield from (field.type_name for field in self._contract.messages[method.request].fields)
        elif binding.body:
            yield self._at(method.request, binding.body.removeprefix("*"))

    def _answers(self, method: Method, binding: Binding) -> Iterator[str]:
        if method.response != HTTP_BODY:
            yield self._at(method.response, binding.response_body)

    def _at(self, full_name: str, field_name: str) -> str:
        """The type of a field of a message, or the message itself when no field is named."""
        fields = self._contract.messages[full_name].fields
        return next((field.type_name for field in fields if field.name == field_name), full_name)

    def _reachable(self, roots: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        waiting = list(roots)
        while waiting:
            full_name = waiting.pop()
            if full_name in found or full_name in WELL_KNOWN or full_name not in self._contract.messages:
                continue
            found.add(full_name)
            waiting.extend(field.type_name for field in self._contract.messages[full_name].fields)
        return frozenset(name for name in found if not self._contract.messages[name].map_entry)


def _is_required(message: Message, field: Field, direction: Direction) -> bool:
    # Envoy prints every field without presence (always_print_primitive_fields), so clients can rely on them.
    sent_always = direction is Direction.RESPONSE and not field.presence
    return sent_always or field.name in message.required


def _in_oneofs(fields: Iterable[Field]) -> Iterator[Field]:
    return (field for field in fields if field.oneof)


def _simple_name(full_name: str) -> str:
    return "".join(part for part in full_name.split(".") if part[0].isupper())


def _enum_schema(enum: EnumType) -> Schema:
    values = "\n".join(f"- `{value.name}`: {value.comment.text}" for value in enum.values)
    return {
        "type": "string",
        "enum": [value.name for value in enum.values],
        "description": f"{enum.comment.text}\n\n{values}",
        "x-enum-descriptions": [value.comment.text for value in enum.values],
    }
