"""Arguments that a reviewer would try: one clear line, no traceback, nothing that steers the terminal."""

import re

import pytest

from tests.faces.cli.conftest import program

ESCAPES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
TEXTS = (
    "\x1b[31mred", "\x1b]52;c;aGk=\x07", "\x1b]8;;http://x\x07y", "\x9b31m", "\u202eabc", "\u2066x", "[bold]x", "[link=http://x]y[/link]", "{0.__class__}",
    "%s%n", "../../etc/passwd", "EXP-0", "EXP-99999999999", "9" * 400, "a" * 10_000, "NaN", "٣", "=cmd|x", "'; DROP TABLE x; --", "\n\n",
)  # fmt: skip
PLACES = (
    ("verdict", "{}"),
    ("ticket", "show", "{}"),
    ("ticket", "list", "--limit", "{}"),
    ("move", "EXP-1", "{}"),
    ("{}",),
    ("ticket", "{}"),
    ("ticket", "list", "--{}"),
    ("audit", "prove", "{}"),
    ("gate", "show", "{}"),
    ("gate", "list", "{}"),
    ("gate", "runs", "--gate", "{}"),
    ("gate", "guard", "{}", "answers"),
    ("gate", "judge", "--gate", "{}", "--candidate", "."),
)


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_hostile_argument_is_one_clear_line(made, place):
    for text in TEXTS:
        ran = made(*(part.replace("{}", text) for part in place))
        assert ran.code in (2, 4), (place, text[:40], ran)
        assert ran.err.startswith("cannot "), ran.err[:300]
        assert len(ran.err.rstrip("\n").splitlines()) <= 2, ran.err[:500]
        assert "Traceback" not in ran.err
        assert ESCAPES.search(ran.err + ran.out) is None, repr(ran.err[:200])
        assert len(ran.err) < 1500


@pytest.mark.parametrize(
    "option", ["--title", "--owner", "--primary", "--kill", "--baseline", "--gpu-hours", "--mode", "--file"]
)
def test_hostile_ticket_option_never_tears_the_command(made, option):
    for text in TEXTS:
        ran = made("ticket", "edit", "EXP-1", option, text)
        assert ran.code in (0, 2, 4, 8), (option, text[:40], ran)
        assert "Traceback" not in ran.err
        assert ESCAPES.search(ran.err.replace("\n", "") + ran.out.replace("\n", "")) is None, repr(
            ran.err[:200]
        )


def test_hostile_names_in_the_store_are_shown_as_text(made):
    made("ticket", "note", "EXP-1", "\x1b]0;owned\x07 [blink]x[/blink]")
    for command in (
        ("ticket", "show", "EXP-1"),
        ("audit", "log"),
        ("audit", "log", "--json"),
        ("ticket", "show", "EXP-1", "--json"),
    ):
        out = made(*command).out
        assert ESCAPES.search(out) is None
        assert "owned" in out


def test_argument_that_is_no_text_is_refused(tmp_path):
    ran = program("ticket", "show", b"\xff\xfe".decode("utf-8", "surrogateescape"), cwd=tmp_path)
    assert (ran.code, "not UTF-8" in ran.err) == (2, True)


def test_without_an_installation_every_command_says_how_to_make_one(assay):
    for command in (
        ("board",),
        ("ticket", "list"),
        ("verdict", "EXP-1"),
        ("up",),
        ("backup", "x"),
        ("sync",),
    ):
        ran = assay(*command)
        assert (ran.code, ran.err.splitlines()[1].strip()) == (4, "assay init"), ran


@pytest.mark.parametrize("home", ["/dev/null", "/proc/self/mem", "/nonexistent/deep"])
def test_home_that_cannot_be_one_is_told_without_a_traceback(tmp_path, home):
    ran = program("board", cwd=tmp_path, ASSAY_HOME=home)
    assert ran.code in (2, 4, 8), ran
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "text", ["port = 'x'", "port = 99999999", "nonsense = 1", "[", "host = '0.0.0.0'", "\x00"]
)
def test_settings_that_cannot_be_read_name_the_file_or_key(made, text):
    (made.folder / ".assay" / "assay.toml").write_text(text)
    ran = made("board")
    assert (ran.code, ran.err.startswith("cannot ")) == (2, True), ran


def test_unset_home_and_odd_locale_do_not_matter(tmp_path):
    assert program("init", cwd=tmp_path, LANG="C", TZ="Antarctica/Troll", HOME="").code == 0
    assert program("board", cwd=tmp_path, LANG="xx_YY", PYTHONIOENCODING="ascii").code == 0
