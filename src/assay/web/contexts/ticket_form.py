"""The ticket form: what was typed, what is wrong with it, and what was tried before."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """One baseline as typed."""

    metric: str = ""
    value: str = ""
    source: str = ""
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class NeedRow:
    """One data need as typed."""

    dataset: str = ""
    versions: str = ""
    needed_by: str = ""
    arrives: str = ""
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """Every field of the form as text, exactly as it was typed."""

    type: str = "experiment"
    title: str = ""
    hypothesis: str = ""
    method: str = ""
    primary: str = ""
    secondary: str = ""
    blocking: str = ""
    kill: str = ""
    gpu_hours: str = ""
    cost_usd: str = ""
    gpus: str = ""
    time_box_days: str = ""
    mode: str = ""
    axis: str = ""
    owner: str = ""
    priority: str = "2"
    labels: str = ""
    looks: str = "3, 5, 8, 10"
    candidate: str = ""
    kill_rules_off: tuple[str, ...] = ()
    over_budget_multiple: str = ""
    plateau_tolerance: str = ""
    gap: str = ""
    futility: str = ""
    baselines: tuple[BaselineRow, ...] = ()
    needs: tuple[NeedRow, ...] = ()
    amendment_reason: str = ""
    trackers: str = ""
    """One a line: the address, and a title behind it."""
    question: str = ""
    deliverable: str = ""
    data_source: str = ""
    data_volume: str = ""
    data_stage: str = ""
    data_arrives: str = ""
    model_version: str = ""
    latency_ms: str = ""
    latency_percentile: str = ""
    cost_usd_per_1000: str = ""
    fallback: str = ""
    believe_change: str = ""
    believe_metric: str = ""
    believe_baseline: str = ""
    believe_target: str = ""
    believe_reason: str = ""
    chance: str = ""
    effect_low: str = ""
    effect_mid: str = ""
    effect_high: str = ""
    effect_mean: str = ""
    effect_sd: str = ""
    person_days: str = ""
    likely_gpu_hours: str = ""
    training_days: str = ""
    evaluation_days: str = ""
    reward: str = ""
    business_value: str = ""
    time_criticality: str = ""
    risk_reduction: str = ""
    job_size: str = ""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing wrong with a field."""

    field: str
    text: str
    pointer: str = ""
    """The line and a caret below the character, empty where that does not apply."""
    readings: tuple[str, ...] = ()
    """Whole lines that would be accepted."""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One criterion line: as it was understood, or what is wrong with it."""

    role: str
    text: str
    problem: Wrong | None


@dataclass(frozen=True, slots=True)
class SimilarTicket:
    """A past ticket that shares telling words with the draft."""

    key: str
    href: str
    title: str
    outcome: str
    excerpt: str
    shared: str


@dataclass(frozen=True, slots=True)
class Check:
    """The draft as it reads now."""

    lines: tuple[ReadLine, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    """What it still needs before it can be locked, with the fix."""
    similar: tuple[SimilarTicket, ...] = ()
    ready: bool = False
    empty: bool = True


@dataclass(frozen=True, slots=True)
class CheckFragment:
    """Context of fragments/tickets/_check.html where it is asked for alone."""

    check: Check


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class SizeField:
    """One list of sizes: 1, 2, 3, 5, 8, 13, or not said."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class TicketForm:
    """Context of pages/tickets/form.html."""

    heading: str
    action: str
    check_href: str
    back: str
    csrf_token: str
    version: int | None
    locked: bool
    is_new: bool
    typed: Typed
    types: tuple[Choice, ...]
    modes: tuple[Choice, ...]
    axes: tuple[Choice, ...]
    priorities: tuple[Choice, ...]
    units: tuple[Choice, ...]
    rules: tuple[Choice, ...]
    metrics: tuple[str, ...]
    metric_name: str
    wrong: dict[str, tuple[Wrong, ...]]
    """What is wrong, by field."""
    summary: str
    check: Check
    notice: str
    meanwhile: tuple[tuple[str, str], ...]
    """Fields that somebody else changed while this form was open, with what stands there now."""
    baseline_rows: tuple[BaselineRow, ...]
    """Those typed, and an empty one."""
    need_rows: tuple[NeedRow, ...]
    data_stages: tuple[Choice, ...]
    templates: tuple[tuple[str, str], ...]
    """Name and address of each template of the project."""
    templates_href: str
    rescopes: bool
    """More time for it needs a reason: a spike that exists."""
    expects: bool
    """Something is said of what is expected, or is wrong with it."""
    effect_hint: str
    """How a number is read in the unit of a fraction; empty elsewhere."""
    sizes: tuple[SizeField, ...]
    criteria_fields: tuple[tuple[str, str, str, str, str], ...]
    """Role, label, what it is for, an example, and the text typed."""
