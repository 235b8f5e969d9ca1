"""The codec, case by case; tests/host compares it with the official library on random cases."""

from expect import raises

from fob import protobuf
from fob.errors import DecodeError
from fob.protobuf import (
    BYTES,
    ENUM,
    FIXED32,
    FIXED64,
    INT32,
    MESSAGE,
    ONEOF,
    ONEOF_2,
    REPEATED,
    UINT32,
    UINT64,
)

# fmt: off
INNER = (1, "first", UINT32, None, 2, "second", BYTES, None)
SCHEMA = (
    1, "uint32", UINT32, None,
    2, "uint64", UINT64, None,
    3, "int32", INT32, None,
    4, "enum", ENUM, None,
    6, "fixed32", FIXED32, None,
    7, "fixed64", FIXED64, None,
    8, "bytes", BYTES, None,
    10, "message", MESSAGE, INNER,
    11, "enums", ENUM | REPEATED, None,
    12, "messages", MESSAGE | REPEATED, INNER,
    13, "items", BYTES | REPEATED, None,
    14, "fixeds", FIXED32 | REPEATED, None,
    2000, "far", UINT32, None,
)
CHOICE = (
    1, "empty", MESSAGE | ONEOF, INNER,
    2, "action", ENUM | ONEOF, None,
    3, "bytes", BYTES | ONEOF, None,
    4, "left", UINT32 | ONEOF_2, None,
    5, "right", UINT32 | ONEOF_2, None,
    6, "plain", UINT32, None,
)
# fmt: on


def encode(**fields):
    return protobuf.encode(SCHEMA, fields)


def decode(data):
    return protobuf.decode(SCHEMA, data)


def test_a_zero_in_a_oneof_is_written():
    assert protobuf.encode(CHOICE, {"action": 0}) == b"\x10\x00"


def test_an_empty_message_in_a_oneof_is_written():
    assert protobuf.encode(CHOICE, {"empty": {}}) == b"\x0a\x00"


def test_empty_bytes_in_a_oneof_are_written():
    assert protobuf.encode(CHOICE, {"bytes": b""}) == b"\x1a\x00"


def test_a_plain_zero_is_not_written():
    plain = {"uint32": 0, "int32": 0, "enum": 0, "fixed64": 0, "bytes": b""}
    assert protobuf.encode(SCHEMA, plain) == b""


def test_a_plain_empty_message_is_written_since_messages_have_presence():
    assert encode(message={}) == b"\x52\x00"


def test_an_empty_list_is_not_written():
    assert encode(enums=[], messages=[]) == b""


def test_a_zero_in_a_list_is_written():
    assert encode(enums=[0]) == b"\x5a\x01\x00"


def test_fields_are_written_in_the_order_of_their_numbers():
    assert encode(bytes=b"\x01", uint32=2) == b"\x08\x02\x42\x01\x01"


def test_a_varint_has_seven_bits_in_a_byte_least_significant_first():
    assert encode(uint32=300) == b"\x08\xac\x02"


def test_the_longest_varint_has_ten_bytes():
    assert encode(uint64=(1 << 64) - 1) == b"\x10" + b"\xff" * 9 + b"\x01"


def test_a_field_number_over_fifteen_has_a_two_byte_tag():
    assert encode(far=1) == b"\x80\x7d\x01"


def test_a_negative_int32_has_ten_bytes():
    data = b"\x18" + b"\xff" * 9 + b"\x01"
    assert encode(int32=-1) == data
    assert decode(data) == {"int32": -1}


def test_a_negative_enum_has_ten_bytes():
    data = b"\x20\xfe" + b"\xff" * 8 + b"\x01"
    assert encode(enum=-2) == data
    assert decode(data) == {"enum": -2}


def test_an_int32_uses_the_lower_32_bits_of_what_it_reads():
    assert decode(b"\x18\xff\xff\xff\xff\x0f") == {"int32": -1}
    assert decode(b"\x08\x80\x80\x80\x80\x10") == {"uint32": 0}


def test_fixed_numbers_are_little_endian():
    data = b"\x35\x04\x03\x02\x01\x39\x08\x07\x06\x05\x04\x03\x02\x01"
    assert encode(fixed32=0x01020304, fixed64=0x0102030405060708) == data
    assert decode(data) == {"fixed32": 0x01020304, "fixed64": 0x0102030405060708}


def test_repeated_enums_are_written_packed():
    assert encode(enums=[2, 1, 4, 3]) == b"\x5a\x04\x02\x01\x04\x03"


def test_packed_and_single_enums_are_both_read_and_add_up():
    assert decode(b"\x5a\x02\x02\x01\x58\x04\x5a\x01\x03") == {"enums": [2, 1, 4, 3]}


def test_packed_fixed_numbers_are_read():
    data = b"\x72\x08\x01\x00\x00\x00\x02\x00\x00\x00"
    assert encode(fixeds=[1, 2]) == data
    assert decode(data) == {"fixeds": [1, 2]}


def test_repeated_messages_stay_apart():
    data = b"\x62\x02\x08\x01\x62\x00"
    assert encode(messages=[{"first": 1}, {}]) == data
    assert decode(data) == {"messages": [{"first": 1}, {}]}


def test_repeated_bytes_keep_empty_ones():
    data = b"\x6a\x01a\x6a\x00"
    assert encode(items=[b"a", b""]) == data
    assert decode(data) == {"items": [b"a", b""]}


def test_the_last_value_wins():
    assert decode(b"\x08\x01\x42\x01a\x08\x02\x42\x01b") == {"uint32": 2, "bytes": b"b"}


def test_a_message_in_two_parts_merges():
    data = b"\x52\x02\x08\x01\x52\x05\x08\x02\x12\x01z"
    assert decode(data) == {"message": {"first": 2, "second": b"z"}}


def test_a_later_member_clears_the_oneof():
    assert protobuf.decode(CHOICE, b"\x10\x01\x0a\x00") == {"empty": {}}


def test_a_message_does_not_merge_with_one_that_another_member_cleared():
    data = b"\x0a\x02\x08\x01\x10\x00\x0a\x03\x12\x01z"
    assert protobuf.decode(CHOICE, data) == {"empty": {"second": b"z"}}


def test_a_message_in_a_oneof_merges_with_itself():
    data = b"\x0a\x02\x08\x01\x0a\x03\x12\x01z"
    assert protobuf.decode(CHOICE, data) == {"empty": {"first": 1, "second": b"z"}}


def test_two_oneofs_do_not_clear_each_other_nor_plain_fields():
    data = b"\x10\x01\x20\x05\x30\x07\x28\x06"
    assert protobuf.decode(CHOICE, data) == {"action": 1, "right": 6, "plain": 7}


def test_unknown_fields_of_every_wire_type_are_skipped():
    unknown = b"\xf8\x01\x96\x01" + b"\xfa\x01\x03abc" + b"\xfd\x01abcd" + b"\xf9\x01abcdefgh"
    assert decode(unknown + b"\x08\x07" + unknown) == {"uint32": 7}


def test_a_known_field_of_another_wire_type_is_skipped():
    assert decode(b"\x0d\x01\x00\x00\x00\x40\x05\x08\x07") == {"uint32": 7}


def test_an_unknown_enum_value_stays_an_int():
    assert decode(b"\x20\xe7\x07") == {"enum": 999}


def test_nothing_is_the_message_without_fields():
    assert encode() == b""
    assert decode(b"") == {}


def test_a_memoryview_is_decoded_without_keeping_it():
    buffer = bytearray(b"\x42\x02ab")
    message = protobuf.decode(SCHEMA, memoryview(buffer))
    buffer[2:] = b"xx"
    assert message == {"bytes": b"ab"}


def test_an_overlong_varint_is_read():
    assert decode(b"\x08\x87\x80\x00") == {"uint32": 7}


def test_every_truncation_inside_a_field_is_an_error():
    fields = {
        "uint32": 300,
        "fixed32": 1,
        "fixed64": 1,
        "bytes": b"abc",
        "message": {"first": 300, "second": b"z"},
        "enums": [300],
    }
    for name, value in fields.items():
        data = protobuf.encode(SCHEMA, {name: value})
        for length in range(1, len(data)):
            raises(DecodeError, decode, data[:length])


def test_trailing_bytes_that_are_no_field_are_an_error():
    raises(DecodeError, decode, b"\x08\x01\xff")


def test_a_length_past_the_end_is_an_error():
    raises(DecodeError, decode, b"\x42\x05ab")
    raises(DecodeError, decode, b"\x42\xff\xff\xff\xff\x0f")


def test_a_length_past_the_end_of_the_enclosing_message_is_an_error():
    raises(DecodeError, decode, b"\x52\x02\x12\x03\x08\x01\x08\x01")


def test_a_packed_list_that_ends_inside_a_value_is_an_error():
    raises(DecodeError, decode, b"\x5a\x02\x01\x80")
    raises(DecodeError, decode, b"\x72\x05\x01\x00\x00\x00\x02")


def test_a_varint_of_eleven_bytes_is_an_error():
    raises(DecodeError, decode, b"\x08" + b"\x80" * 10 + b"\x00")


def test_a_varint_over_64_bits_is_an_error():
    raises(DecodeError, decode, b"\x10" + b"\xff" * 9 + b"\x02")


def test_field_number_zero_is_an_error():
    raises(DecodeError, decode, b"\x00\x00")


def test_a_tag_over_32_bits_is_an_error():
    raises(DecodeError, decode, b"\x80\x80\x80\x80\x10\x00")


def test_groups_are_an_error():
    raises(DecodeError, decode, b"\x0b\x0c")


def test_the_wire_types_that_do_not_exist_are_errors():
    raises(DecodeError, decode, b"\x0e\x00")
    raises(DecodeError, decode, b"\x0f\x00")


def test_a_name_that_the_schema_lacks_cannot_be_encoded():
    raises(ValueError, protobuf.encode, SCHEMA, {"uint23": 1})
    raises(ValueError, protobuf.encode, SCHEMA, {"message": {"third": 1}})


def test_a_number_out_of_its_range_cannot_be_encoded():
    for name, value in (
        ("uint32", -1),
        ("uint32", 1 << 32),
        ("uint64", 1 << 64),
        ("int32", 1 << 31),
        ("int32", -(1 << 31) - 1),
        ("enum", 1 << 31),
        ("fixed32", 1 << 32),
        ("fixed64", -1),
    ):
        raises(ValueError, protobuf.encode, SCHEMA, {name: value})


def test_the_ends_of_each_range_survive_the_way_there_and_back():
    for message in (
        {"uint32": (1 << 32) - 1, "int32": (1 << 31) - 1, "enum": (1 << 31) - 1},
        {"uint64": (1 << 64) - 1, "int32": -(1 << 31), "enum": -(1 << 31)},
        {"fixed32": (1 << 32) - 1, "fixed64": (1 << 64) - 1},
    ):
        assert decode(protobuf.encode(SCHEMA, message)) == message
