"""Reads custom options and validation rules with a pool made of the descriptors themselves."""

from typing import Any, cast

import protovalidate
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass


class Options:
    """The options of one descriptor set. No generated code is needed to read them."""

    def __init__(self, descriptors: FileDescriptorSet) -> None:
        self._pool = DescriptorPool()
        for file in descriptors.file:
            self._pool.AddSerializedFile(file.SerializeToString())

    def extension(self, options: Message, name: str) -> Any:
        """The value of the extension `name`; its default where it is not set or not in the descriptors."""
        try:
            extension = self._pool.FindExtensionByName(name)
        except KeyError:
            return None
        full_name = options.DESCRIPTOR.full_name
        own_class = GetMessageClass(self._pool.FindMessageTypeByName(full_name))
        return cast(Any, own_class.FromString(options.SerializeToString())).Extensions[extension]

    def required_fields(self, full_name: str) -> frozenset[str]:
        """The fields that an empty message breaks the rules of."""
        empty = GetMessageClass(self._pool.FindMessageTypeByName(full_name))()
        paths = [violation.proto.field for violation in protovalidate.collect_violations(empty)]
        return frozenset(path.elements[0].field_name for path in paths if path and len(path.elements) == 1)
