"""Values that a reviewer would try, each with the reason it is here."""

import json
import os

DEEP = 400

TEXTS = (
    # numbers that are none, or too much
    "NaN", "nan", "Infinity", "-Infinity", "inf", "-0", "-0.0", "1e999", "-1e999", "5e-324", "0x10", "1_000", "1,5", "٣", "Ⅷ", "１２",
    "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
    "100000000000000000000", "9" * 400, "9" * 5000, "0" * 400, "-1", "0", "1", "+1", " 1", "1 ", "1.0", "1e3", "true", "null", "undefined", "None",
    # characters
    "", " ", "\t", "\n", "\r\n", "a\nb", "\u200b", "\u200b\u200d", "\ufeff", "\u2028", "\u202eabc", "\u2066abc", "a\u0301", "\u00e1",
    "\u0130", "ﬀ", "ﷺ" * 50, "👩‍👩‍👧‍👦", "🏳️‍🌈" * 30, "𝕳𝖎", "аdmin", "\x07", "\x08", "\x1b[31mred\x1b[0m", "\x1b]8;;http://x\x07y\x1b]8;;\x07",
    "\x1b]52;c;aGk=\x07", "\x7f", "\x85", "\x9b31m", "\ud7ff", "\ue000", "\uffff", "\U0010ffff", "Z" + "\u0300" * 500,
    "a" * 200, "a" * 201, "a" * 10_000, "x" * 100_000, " " * 5000, "(" * 10_000, "[" * 5000, "%" * 1000, "\\" * 1000, '"' * 500, "'" * 500,
    # markup and scripts
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "javascript:alert(1)", "</script><script>",
    "<a hx-get=/x>y</a>", "{{7*7}}", "{% for %}", "${7*7}", "{0.__class__}", "{x:>999999999}", "%s%s%n", "[link=http://x]y[/link]", "[bold]x",
    "<!--", "]]>", "&#0;", "&lt;", "data:text/html,<b>x", "<form id=body>",
    # other languages than ours
    "' OR 1=1 --", "'; DROP TABLE tickets; --", "1;DROP TABLE tickets", "\\'; --", '" OR ""="', "a' UNION SELECT 1--", "%", "_", "a%_b", "*", "a*", '"a', "a AND b OR", "NEAR(a b)",
    "title:x", "^x", "-x", "a:b:c", "(a", "a)", "$(id)", "`id`", "| id", "; id", "&& id", "!id", "=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "-1+1", "=1+1", "＝1",
    "__proto__", "constructor", "__class__", "__import__('os')", "9**9**9", "os.system('id')", "(a+)+$", "a" * 60 + "!",
    # addresses and paths
    "/etc/passwd", "../../../etc/passwd", "..", ".", "/", "//", "a/b", "a\\b", "..%2f..%2f", "%2e%2e%2f", "file:///etc/passwd", "file://localhost/etc/passwd",
    "gopher://x", "sqlite:///", "sqlite:///:memory:", "sqlite:////dev/zero", "/dev/zero", "/dev/stdin", "/proc/self/mem", "C:\\x", "CON", "a" * 300 + ".db", "~root", "\\\\x\\y",
    # names of ours, wrongly used
    "EXP-0", "EXP-00001", "EXP-99999999999", "EXP-1 ", "exp-1", "EXP-1/../EXP-2", "EXP--1", "EXP-1;", "EXP-１", "none", "*", "experiment", "killed", "production",
    "promote", "kill", "iterate", "undecided", "accuracy >= 85%", "accuracy >= NaN", "accuracy >= 1e999", "accuracy >= 85% and", "kill: kill: x", "accuracy " * 100,
    # moments
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-02-30", "2026-05-12T09:00:00", "1970-01-01", "1779000000", "2026-03-29T02:30:00+01:00",
    # encodings, tokens, cursors
    "AAAA", "W10", "eyJhIjoxfQ", "bnVsbA", "WzEsMl0", "nan~EXP-1", "inf~EXP-1", "~", "1~", "~EXP-1", "+AAAA=", "=" * 50,
    "Bearer x", 'W/"1"', '"1"', '""', '"99999999999999999999"', '"1", "2"', 'W/"-1"',
)  # fmt: skip

PLAIN = (
    None, True, False, 0, -1, 1, 2, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**20, 10**400, 0.5, -0.0, 5e-324, 1e308,
    [], [[]], [None], [1, "a", None], ["x"] * 101, ["accuracy >= 85%"] * 200, {}, {"": 1}, {"a": {}}, {"__proto__": {"x": 1}}, {"x" * 400: 1},
    {"primary": "x"}, {"primary": [None]}, {"primary": [{}]}, {"role": "primary"}, {"kind": "threshold"}, {"kind": "threshold", "value": "NaN"},
)  # fmt: skip
"""Values of other types, for the fields of JSON bodies."""

RAW = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"',
    "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, '{"a":1,"a":2}', "01", "+1", ".5", "1.", "'a'", "tru", "", "[1,]", '"\x01"',
)  # fmt: skip
"""Pieces of JSON that no writer makes, to stand in the place of a value."""

ALL = len(TEXTS) + len(PLAIN) + len(RAW)


EVERY = max(1, int(os.environ.get("ASSAY_HOSTILE_EVERY", "17")))
"""Each place takes one value in so many, in turn: there are hundreds of places, so that every value meets dozens of each kind.
A prime, so that the shares which `lean` leaves of it come to every value too. `make verify` sets 1: every value at every place."""


def turns(values, turn):
    """The values that this place takes."""
    return [value for number, value in enumerate(values) if number % EVERY == turn % EVERY]


def lean(values, step, first=0):
    """Every `step`-th of them, where the same code was attacked at another place; all of them where every value counts."""
    return values if EVERY == 1 else values[first::step]


def bodies_with(body, place, turn):
    """The body as JSON bytes, once for each hostile value whose turn it is at this place."""
    mark = "\ue123mark\ue123"
    frame, gap = json.dumps(_put(body, place, mark)), json.dumps(mark)
    for number, value in turns(list(enumerate((*TEXTS, *PLAIN, *RAW))), turn):
        told = value if number >= len(TEXTS) + len(PLAIN) else json.dumps(value)
        yield value, frame.replace(gap, told).encode("utf-8", "surrogatepass")


def _put(body, place, value):
    if not place:
        return value
    first, *rest = place
    if isinstance(body, list):
        return [_put(item, rest, value) if index == first else item for index, item in enumerate(body)]
    return {**body, first: _put(body.get(first), rest, value)}


def places_of(body, before=()):
    """Every place of a body, the body itself first."""
    yield before
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, inner in items:
        yield from places_of(inner, (*before, key))
