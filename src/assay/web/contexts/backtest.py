"""The page of the back-test of kill rules."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.board import Fact
from assay.web.contexts.experiment import ChartBox
from assay.web.contexts.gates import IntervalBar
from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class BackTestAtWork:
    """Context of fragments/backtest/_at_work.html: rules are being replayed."""

    text: str
    width: str
    progress_href: str
    wait_href: str
    """Where one waits for the answer without JavaScript."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What one rule would have done."""

    name: str
    asks: str
    note: str
    is_on: bool | None
    killed: str
    killed_span: str
    bar: IntervalBar | None
    doomed: str
    saved: str
    saved_span: str
    word: str
    tone: str
    icon: str
    why: str
    runs_href: str
    """The runs that it would have stopped; empty without any."""
    winners_href: str
    """The same, where winners are among them: they come first."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What a change of settings does to one rule."""

    rule: str
    name: str
    before: str
    after: str
    why: str
    elsewhere: str


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One value of a rule."""

    value: str
    now: str
    """What to say of it where it is the one that is set; empty otherwise."""
    is_best: bool
    killed: str
    at_most: str
    doomed: str
    saved: str


@dataclass(frozen=True, slots=True)
class ValuesBlock:
    """Every value of a rule side by side."""

    name: str
    advice: str
    tone: str
    why: str
    elsewhere: str
    opened: bool
    rows: tuple[ValueLine, ...]


@dataclass(frozen=True, slots=True)
class StoppedRun:
    """A past run that rules would have stopped."""

    name: str
    href: str
    ticket: str
    ticket_href: str
    tracker_href: str
    """Empty where the run has no page that a browser may open."""
    stopped: str
    won: bool


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The last change of the rules, which can be taken back."""

    text: str
    seq: int


@dataclass(frozen=True, slots=True)
class BackTestPage:
    """Context of pages/backtest.html."""

    here: str
    settings_href: str
    csrf_token: str
    version: int
    newest: tuple[Choice, ...]
    at_work: BackTestAtWork | None
    problem: str
    problem_hint: str
    missing: str
    """What is missing before anything can be said; empty where there is an answer."""
    facts: tuple[Fact, ...]
    changes: tuple[ChangeLine, ...]
    best: str
    """The kill rules with the values to use, as JSON; sent along with the form."""
    unchanged: str
    """Why there is nothing to change; empty where there is."""
    unchanged_icon: str
    taken_back: TakenBack | None
    rules: tuple[RuleLine, ...]
    charts: tuple[ChartBox, ...]
    values: tuple[ValuesBlock, ...]
    runs_title: str
    runs_note: str
    runs: tuple[StoppedRun, ...]
    rule_choices: tuple[Choice, ...]
    left_out: tuple[tuple[str, str], ...]
    """How many runs, and why they teach nothing."""
    not_replayed: tuple[tuple[str, str], ...]
    about: str
