"""RFC 8785 bytes and what cannot be written in them."""

import hashlib
import json
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.kernel.canonical import (
    canonical_bytes,
    digest,
    digest_bytes,
    read_canonical,
    round_significant,
    rounded,
)
from assay.errors import Invalid

# RFC 8785, appendix B: IEEE 754 bits and the text of the number.
APPENDIX_B = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B)
def test_canonical_number_of_appendix_b_is_written_as_published(bits, text):
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_bytes(number).decode() == text


def test_canonical_object_of_section_3_2_4_has_the_published_bytes():
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\nA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    published = (
        "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e3333333333"
        "33332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c"
        "5c5c222f227d"
    )
    assert canonical_bytes(value).hex() == published


def test_canonical_keys_are_sorted_by_utf16_code_units():
    # RFC 8785, 3.2.3: the astral smiley (surrogates D83D DE00) comes before U+FB33.
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    keys = json.loads(canonical_bytes({name: index for index, name in enumerate(names)}))
    assert list(keys) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_canonical_text_keeps_unicode_twins_apart():
    assert digest("\u00e9") != digest("e\u0301")


@settings(deadline=None)
@given(JSON_VALUES)
def test_canonical_bytes_parse_back_to_the_value_and_are_a_fixed_point(value):
    data = canonical_bytes(value)
    parsed = read_canonical(data)
    assert parsed == value
    assert canonical_bytes(parsed) == data


@pytest.mark.parametrize(
    ("value", "field", "found"),
    [
        ({"a": [1, math.nan]}, "a[1]", "nan"),
        ({"a": {"b": math.inf}}, "a.b", "inf"),
        ([-math.inf], "[0]", "-inf"),
        (math.nan, "$", "nan"),
        ({"note": "x\ud800"}, "note", "lone surrogate at character 1"),
        ({"runs": {"\udfff": 1}}, "runs.\\udfff", "lone surrogate"),
        ({"n": 2**53}, "n", "integer of 54 bits"),
        ({"n": -(2**53)}, "n", "integer of 54 bits"),
        ({"n": 10**5000}, "n", "integer of 16610 bits"),
        ({"m": {1: "x"}}, "m", "key of type int"),
        ({"when": b"x"}, "when", "a bytes"),
        ({"s": {1, 2}}, "s", "a set"),
    ],
)
def test_canonical_of_a_value_without_one_writing_is_refused_naming_the_field(value, field, found):
    with pytest.raises(Invalid) as caught:
        canonical_bytes(value)
    assert caught.value.code == "not-canonical"
    assert caught.value.field == field
    assert found in caught.value.message
    caught.value.message.encode()  # can be printed


def test_canonical_of_a_value_that_holds_itself_is_refused_not_a_crash():
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(Invalid, match="more than 100 levels"):
        canonical_bytes(endless)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'"\\u0041"',
        b"1.0",
        b"1e1",
        b"-0",
        b"NaN",
        b"",
        b"\xff",
        b"[" * 5000,
        b"9" * 5000,
    ],
)
def test_read_canonical_of_another_form_is_refused(data):
    with pytest.raises(Invalid) as caught:
        read_canonical(data)
    assert caught.value.code == "not-canonical"


def test_canonical_takes_the_largest_exact_integers():
    assert canonical_bytes([2**53 - 1, -(2**53) + 1]) == b"[9007199254740991,-9007199254740991]"


def test_digest_is_sha256_of_the_canonical_bytes():
    assert digest({"b": 1, "a": 2}) == "sha256:" + hashlib.sha256(b'{"a":2,"b":1}').hexdigest()
    assert (
        digest_bytes(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )  # FIPS 180-2


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_round_significant_keeps_twelve_digits_and_does_not_move_again(number):
    once = round_significant(number)
    assert round_significant(once) == once
    assert once == pytest.approx(number, rel=5.1e-12, abs=5e-324)
    digits = f"{once:.16e}".split("e")[0].replace(".", "").lstrip("-")
    assert float(f"{once:.11e}") == once, digits


def test_round_significant_of_nan_is_refused():
    with pytest.raises(Invalid, match="finite"):
        round_significant(math.nan)


def test_rounded_rounds_floats_and_leaves_the_rest():
    value = {"n": 12345678901234567, "ok": True, "text": "0.30000000000000004", "values": (0.1 + 0.2, None)}
    assert rounded(value) == {**value, "values": [0.3, None]}
