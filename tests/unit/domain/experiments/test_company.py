"""Whom a text speaks to, and under which name a file is shown."""

import pytest

from assay.domain.experiments.attachment_names import LONGEST, attachment_name, disposition
from assay.domain.experiments.mentions import mention_spans, mentioned


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada", ["ada"]),
        ("thanks @ada, @grace.hopper and @j-p!", ["ada", "grace.hopper", "j-p"]),
        ("(@ada) @ada", ["ada"]),
        ("@Zoë @王", ["Zoë", "王"]),
        ("ends with @ada. And @grace...", ["ada", "grace"]),
        ("ada@example.org, https://example.org/@ada, @@ada, @ ada, @-ada", []),
        ("accuracy@3", []),
        ("@" + "a" * 200, ["a" * 80]),
        ("", []),
    ],
)
def test_names_behind_an_at_sign_are_mentioned_and_addresses_are_not(text, names):
    assert list(mentioned(text)) == names
    assert [text[begin:end].removeprefix("@") for begin, end, _ in mention_spans(text)] == [
        name for _, _, name in mention_spans(text)
    ]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("plot.png", "plot.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.csv", "a.csv"),
        ("a/b\\c.txt", "c.txt"),
        ("..", ""),
        ("", ""),
        (".hidden", "hidden"),
        ("\x00\x1b[31m", "[31m"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("/", ""),
        ("\u200b\u2028", ""),
        ("Gro\u0308\u00dfe.csv", "Gr\u00f6\u00dfe.csv"),
    ],
)
def test_name_of_a_file_is_its_last_part_without_what_cannot_be_shown(sent, shown):
    assert attachment_name(sent) == shown


def test_long_name_keeps_its_ending():
    name = attachment_name("a" * 500 + ".parquet")
    assert (len(name), name[-8:]) == (LONGEST, ".parquet")
    assert len(attachment_name("a." + "b" * 500)) == LONGEST


@pytest.mark.parametrize(
    "name", ['a";x=".csv', "a\r\nb", "Größe.csv", "a;b.csv", "\U0001f600.png", "%00.csv"]
)
def test_header_of_a_download_is_one_line_of_ascii_whatever_the_name(name):
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert header.startswith("attachment; ")
