"""The classes of proto/, cut down to the fields that the firmware reads.

What the firmware passes over, it passes over unread: the library has to do the same, or the two
could not be compared. Types, labels and oneofs stay those of the .proto files.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tests.schemas import Schema


def pruned(full: type[Message], schema: Schema) -> type[Message]:
    """The class `full` with the fields of `schema` alone.

    A message that the firmware leaves encoded is bytes here, too.
    """
    file = descriptor_pb2.FileDescriptorProto(name="pruned.proto", syntax="proto3")
    file.enum_type.add(name="Enum").value.add(name="ZERO", number=0)
    _describe(file, "Root", full.DESCRIPTOR, schema)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Root"))


def _describe(
    file: descriptor_pb2.FileDescriptorProto, name: str, full: Descriptor, schema: Schema
) -> None:
    message = file.message_type.add(name=name)
    oneofs: list[str] = []
    for number, (field_name, _, sub) in schema.items():
        source = full.fields_by_number[number]
        field = message.field.add(name=field_name, number=number, type=source.type)
        field.label = field.LABEL_REPEATED if source.is_repeated else field.LABEL_OPTIONAL
        if source.containing_oneof:
            oneof = source.containing_oneof.name
            if oneof not in oneofs:
                oneofs.append(oneof)
                message.oneof_decl.add(name=oneof)
            field.oneof_index = oneofs.index(oneof)
        if source.type == FieldDescriptor.TYPE_ENUM:
            field.type_name = ".Enum"
        elif source.type == FieldDescriptor.TYPE_MESSAGE:
            if sub is None:
                field.type = field.TYPE_BYTES
            else:
                field.type_name = f".{name}_{field_name}"
                _describe(file, f"{name}_{field_name}", source.message_type, sub)


def values(message: Message) -> list[tuple[int, Any]]:
    """What a message holds, as far/fuzz_protobuf.py lists it."""
    found: list[tuple[int, Any]] = []
    for field, value in message.ListFields():
        if field.message_type is not None:
            value = [values(item) for item in value] if field.is_repeated else values(value)
        elif field.is_repeated:
            value = list(value)
        found.append((field.number, value))
    return found
