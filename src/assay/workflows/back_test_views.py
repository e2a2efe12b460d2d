"""What a back-test of kill rules tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from assay.domain.gates.settings import KillRules
from assay.domain.stopping.chances import ChanceGroup


@dataclass(frozen=True, slots=True)
class Part:
    """A share, with its 95% interval over problems; low and high are None where there are not two problems."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class KilledRun:
    """A past run that the rule would have stopped."""

    run_id: str
    name: str
    ticket: str
    won: bool
    """It went on to reach its target."""
    stopped_at: float
    """Share of its budget."""
    url: str | None
    """Its page in the tracker."""


@dataclass(frozen=True, slots=True)
class TriedValue:
    """One value of a rule, replayed over the same runs."""

    value: str
    """In words, such as `beyond 0.15`."""
    settings: Mapping[str, str]
    """The same by the names of the project's settings; empty for a rule without."""
    is_now: bool
    is_best: bool
    """The one to use."""
    winners_judged: int
    winners_killed: int
    winners_killed_at_least: float | None
    winners_killed_at_most: float | None
    doomed_killed: int
    saved: Part | None
    may_stop: bool


@dataclass(frozen=True, slots=True)
class ElsewhereRecord:
    """What a value does that is chosen without the tickets that it is tried on."""

    winners_judged: int
    winners_killed: int
    saved: float | None
    """Share of the compute of doomed runs; None without doomed runs."""


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """What one rule would have done."""

    rule: str
    asks: str
    """The rule with its values."""
    note: str
    """In what the replay differs from the rule as verdicts ask it; empty where it does not."""
    enabled: bool | None
    """Whether the project has it on; None where it is no setting of a project."""
    winners: int
    """Past runs that reached their target."""
    winners_judged: int
    """Those about which the rule could say something: only they can speak for it."""
    winners_killed: int
    winners_killed_share: float | None
    """Of `winners_judged`; None without any."""
    winners_killed_at_least: float | None
    """Exact lower 95% bound of that share."""
    winners_killed_at_most: float | None
    """Exact upper 95% bound, which decides; together they are a 90% interval (Clopper-Pearson)."""
    doomed: int
    doomed_killed: int
    unanswered: int
    """Past runs about which it could say nothing."""
    saved: Part | None
    """Share of the compute of doomed runs; None where the rule could say nothing."""
    saved_gpu_hours: float | None
    """None where a run does not say what it used."""
    may_stop: bool
    """By itself."""
    why: str
    killed: tuple[KilledRun, ...]
    """Winners first, then by run id."""
    killed_total: int
    values: tuple[TriedValue, ...]
    """Values it could have, rising, the present one among them."""
    advice: Literal["use", "off", "leave"]
    """Use the best value, switch the rule off, or leave it as it is."""
    advice_why: str
    elsewhere: ElsewhereRecord | None
    """None without two groups of tickets, and where no value is to be used."""


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """What a change of settings does to one rule."""

    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NotReplayed:
    """A rule of which there is no record, and why."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class LeftOutRuns:
    """Past runs that could not be used."""

    runs: int
    why: str


@dataclass(frozen=True, slots=True)
class BackTestView:
    """What each kill rule would have done to a project's past runs."""

    runs: int
    """Past runs that rules were replayed over."""
    winners: int
    tickets: int
    problems: tuple[str, ...]
    """Metric and data set: only runs of the same are compared."""
    runs_over: int
    """Runs of locked tickets that are over."""
    newest: int | None
    """Only so many of them were read; None where all were."""
    left_out: tuple[LeftOutRuns, ...]
    compute_in: Literal["GPU-hours", "budgets"] | None
    """What savings are counted in, None where there are none; `budgets` where a run does not say its GPU-hours, so that each run's budget counts as one."""
    limit: float
    """Share of winners that a rule may kill by itself at most."""
    missing: str
    """What is missing before anything can be said; empty where there is a record."""
    chances_at: float
    """Share of the budget at which `chances` were given."""
    chances: tuple[ChanceGroup, ...]
    """What became of past runs by the chance that the rule for futility gave them; empty where it gave none, or was not asked."""
    rules: tuple[RuleRecord, ...]
    not_replayed: tuple[NotReplayed, ...]
    settings_version: int
    """Of the project: what a change of its settings has to be made from (If-Match)."""
    kill_rules: KillRules
    """As they are set."""
    best_kill_rules: KillRules
    """With the values to use; the same where there is nothing to change."""
    changes: tuple[RuleSetting, ...]
    """What they would change, rule by rule."""
