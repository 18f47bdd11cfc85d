"""Reads a descriptor set into a Contract."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    MethodOptions,
    ServiceDescriptorProto,
)

from .contract import Access, Binding, Comment, Contract, EnumType, EnumValue, Field, Message, Method, Service
from .options import Options

_ACCESS = {1: Access.PUBLIC, 3: Access.ADMIN}
# Field numbers in google.protobuf.*DescriptorProto; a comment's place is a path of them.
_FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 4, 5, 6
_MESSAGE_FIELD, _MESSAGE_NESTED, _MESSAGE_ENUM = 2, 3, 4
_ENUM_VALUE, _SERVICE_METHOD = 2, 2

_PATH_VARIABLE = re.compile(r"\{([^}=]+)(=[^}]*)?\}")


def read_contract(descriptors: FileDescriptorSet, files: Sequence[str]) -> Contract:
    """Reads types of all files, and the services of the files named."""
    options = Options(descriptors)
    readers = [_FileReader(file, file.name in files, options, _comments(file)) for file in descriptors.file]
    services = (service for reader in readers if reader.ours for service in reader.services())
    return Contract(
        # By name: protoc's order follows the imports, which says nothing to a reader.
        services=tuple(sorted(services, key=lambda service: service.full_name)),
        messages={m.full_name: m for reader in readers for m in reader.messages()},
        enums={e.full_name: e for reader in readers for e in reader.enums()},
    )


@dataclass(frozen=True)
class _FileReader:
    file: FileDescriptorProto
    ours: bool
    options: Options
    comments: Mapping[tuple[int, ...], Comment]

    def services(self) -> Iterator[Service]:
        for index, service in enumerate(self.file.service):
            yield self._service(service, (_FILE_SERVICE, index))

    def messages(self) -> Iterator[Message]:
        for index, message in enumerate(self.file.message_type):
            yield from self._messages(message, self.file.package, (_FILE_MESSAGE, index))

    def enums(self) -> Iterator[EnumType]:
        for index, enum in enumerate(self.file.enum_type):
            yield self._enum(enum, self.file.package, (_FILE_ENUM, index))
        for index, message in enumerate(self.file.message_type):
            yield from self._nested_enums(message, self.file.package, (_FILE_MESSAGE, index))

    def _service(self, service: ServiceDescriptorProto, place: tuple[int, ...]) -> Service:
        methods = (
            self._method(method, (*place, _SERVICE_METHOD, index)) for index, method in enumerate(service.method)
        )
        return Service(f"{self.file.package}.{service.name}", self._comment(place), tuple(methods))

    def _method(self, method: MethodDescriptorProto, place: tuple[int, ...]) -> Method:
        rule = self.options.extension(method.options, "google.api.http")
        access = self.options.extension(method.options, "cinelibre.v1.access")
        return Method(
            name=method.name,
            comment=self._comment(place),
            request=method.input_type.removeprefix("."),
            response=method.output_type.removeprefix("."),
            server_streaming=method.server_streaming,
            access=_ACCESS.get(access, Access.USER),
            idempotent=method.options.idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN,
            bindings=tuple(_binding(each) for each in (rule, *rule.additional_bindings) if each.WhichOneof("pattern")),
        )

    def _messages(self, message: DescriptorProto, scope: str, place: tuple[int, ...]) -> Iterator[Message]:
        full_name = f"{scope}.{message.name}"
        rules = self.options.extension(message.options, "buf.validate.message")
        oneofs = [oneof.name for oneof in message.oneof_decl]
        fields = (
            self._field(field, oneofs, (*place, _MESSAGE_FIELD, index)) for index, field in enumerate(message.field)
        )
        yield Message(
            full_name=full_name,
            comment=self._comment(place),
            fields=tuple(fields),
            map_entry=message.options.map_entry,
            rules=tuple(rule.message for rule in rules.cel) if rules else (),
            required=self.options.required_fields(full_name) if self.ours else frozenset(),
        )
        for index, nested in enumerate(message.nested_type):
            yield from self._messages(nested, full_name, (*place, _MESSAGE_NESTED, index))

    def _field(self, field: FieldDescriptorProto, oneofs: Sequence[str], place: tuple[int, ...]) -> Field:
        kind = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
        # `optional` is made of a oneof too, which nobody wrote.
        in_oneof = field.HasField("oneof_index") and not field.proto3_optional
        repeated = field.label == FieldDescriptorProto.LABEL_REPEATED
        return Field(
            name=field.name,
            comment=self._comment(place),
            kind=kind,
            type_name=field.type_name.removeprefix("."),
            repeated=repeated,
            oneof=oneofs[field.oneof_index] if in_oneof else "",
            presence=not repeated and (kind == "message" or field.HasField("oneof_index")),
            rules=self.options.extension(field.options, "buf.validate.field"),
        )

    def _nested_enums(self, message: DescriptorProto, scope: str, place: tuple[int, ...]) -> Iterator[EnumType]:
        inner = f"{scope}.{message.name}"
        for index, enum in enumerate(message.enum_type):
            yield self._enum(enum, inner, (*place, _MESSAGE_ENUM, index))
        for index, nested in enumerate(message.nested_type):
            yield from self._nested_enums(nested, inner, (*place, _MESSAGE_NESTED, index))

    def _enum(self, enum: EnumDescriptorProto, scope: str, place: tuple[int, ...]) -> EnumType:
        values = (
            EnumValue(value.name, value.number, self._comment((*place, _ENUM_VALUE, index)))
            for index, value in enumerate(enum.value)
        )
        return EnumType(f"{scope}.{enum.name}", self._comment(place), tuple(values))

    def _comment(self, place: tuple[int, ...]) -> Comment:
        return self.comments.get(place, Comment(""))


def _binding(rule: Any) -> Binding:
    verb = rule.WhichOneof("pattern")
    template = getattr(rule, verb)
    return Binding(
        verb=verb,
        path=_PATH_VARIABLE.sub(r"{\1}", template),
        path_fields=tuple(match[1] for match in _PATH_VARIABLE.finditer(template)),
        body=rule.body,
        response_body=rule.response_body,
    )


def _comments(file: FileDescriptorProto) -> dict[tuple[int, ...], Comment]:
    locations = file.source_code_info.location
    return {tuple(location.path): _comment(location.leading_comments) for location in locations}


def _comment(raw: str) -> Comment:
    lines = "\n".join(line.strip() for line in raw.splitlines() if not line.startswith(" buf:lint:"))
    text, _, errors = lines.partition("\nErrors: ")
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return Comment("\n\n".join(filter(None, paragraphs)), " ".join(errors.split()))
