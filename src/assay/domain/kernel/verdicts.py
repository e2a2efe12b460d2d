"""The verdict: what the evidence says about a ticket, by the one table in the rules of evidence."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, JsonValue

from assay.domain.kernel.findings import Finding
from assay.domain.kernel.model import ExactInteger, Value


class Recommendation(StrEnum):
    """The four answers. Undecided is not a pass."""

    PROMOTE = "promote"
    ITERATE = "iterate"
    KILL = "kill"
    UNDECIDED = "undecided"


class RuleAdvice(Value):
    """What a heuristic kill rule of the project says. It recommends; it never outranks a met primary."""

    rule: str
    """Short name: plateau, gap, over_budget, time_box, not_falling, diverged, median, futility."""
    advises_kill: bool
    """False for an escalation (over budget)."""
    reason: str


class RunChance(Value):
    """How likely a run under way is to reach the target, by past runs of the same problem."""

    run_id: str
    run: str
    """Its name."""
    chance: float | None
    """Within the rest of its budget; None where the past runs are too few for a number."""
    futile: bool
    """Below the level of the rule for futility, at two checks in a row."""
    target: str
    text: str
    """The same in words, with what it was learned from, or what is missing."""


class GroupSummary(Value):
    """One seed group as the verdict saw it."""

    group: str
    """Short digest of the configuration."""
    label: str
    """What sets this group apart, such as "max_depth=8"."""
    is_candidate: bool
    arm: str
    seeds: tuple[ExactInteger, ...]
    run_ids: tuple[str, ...]
    exploratory_run_ids: tuple[str, ...] = ()
    """Runs begun before the lock: shown, never candidate evidence."""
    mean: float | None = None
    sd: float | None = None


class Verdict(Value):
    """What is known, by criterion, and what follows from it."""

    recommendation: Recommendation
    headline: str
    """One line, such as "Not known yet: accuracy needs 3 more seeds"."""
    detail: str
    """One or two sentences that say why."""
    findings: tuple[Finding, ...]
    advice: tuple[RuleAdvice, ...] = ()
    chances: tuple[RunChance, ...] = Field(default=(), exclude_if=lambda chances: not chances)
    """Of the runs under way. Absent from records where nobody asked."""
    groups: tuple[GroupSummary, ...] = ()
    candidate: str | None = None
    """The group that was judged."""
    notes: tuple[str, ...] = ()
    """Labels a reader must see: amendments after results, best of K groups, one seed an arm, excluded runs."""
    strictness: str = "bound"
    point_recommendation: Recommendation | None = None
    """What `point` mode (mean against threshold) would have said."""


class VerdictRecord(Value):
    """A verdict as it is stored: with the digests of all it saw, so it can be recomputed years later."""

    verdict: Verdict
    registration_digest: str
    run_digests: dict[str, str]
    """Run id to digest of the run, for every run looked at."""
    settings: dict[str, JsonValue]
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    """What else was looked at: whole days since the lock, where a time rule asked."""
    method_version: str
    library_versions: dict[str, str]
    """Beside the record, never inside its digest."""
