"""The settings of a project."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.kills import KillRecordSection
from assay.web.contexts.ticket_form import Choice
from assay.web.contexts.webhooks import WebhookLine


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One declared metric."""

    name: str
    direction: str
    unit: str
    decimals: str
    aliases: str
    description: str
    reading: str


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One column with its limit."""

    key: str
    title: str
    limit: str
    gate: str


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One connected tracker."""

    name: str
    kind: str
    uri: str
    experiments: str
    synced_iso: str
    synced: str
    error: str
    sync_action: str
    disconnect_action: str


@dataclass(frozen=True, slots=True)
class SyncState:
    """Context of fragments/settings/_sync.html: how far a sync is."""

    name: str
    running: bool
    width: str | None
    text: str
    error: str
    progress_href: str


@dataclass(frozen=True, slots=True)
class BoardSection:
    """The board as a file, and what a changed one would change."""

    action: str
    history_href: str
    """Where the history of another tool's board comes in."""
    text: str
    begin_with: tuple[Choice, ...]
    """Boards to begin with: address, name."""
    checked: bool
    """What the text changes has been told: it can be saved."""
    changes: tuple[str, ...]
    seen: str
    """What is sent along once the changes were seen: another text, or another board meanwhile, is told again."""
    problem: str
    problem_hint: str
    opened: bool


@dataclass(frozen=True, slots=True)
class CadenceSection:
    """The cadence of the project, and which one fits."""

    action: str
    ask_href: str
    choices: tuple[tuple[str, str, str, bool], ...]
    """Value, name, what it means, whether it is the one."""
    works: tuple[Choice, ...]
    ships_soon: bool
    outside_dates: bool
    advised: str
    """The cadence that fits what was answered; empty before that."""
    advised_label: str
    reasons: tuple[str, ...]
    is_advised: bool
    """It is the one that is set."""


@dataclass(frozen=True, slots=True)
class PricesSection:
    """What an hour of a device costs."""

    action: str
    text: str
    """One price a line."""
    default_device: str


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Context of pages/settings.html."""

    csrf_token: str
    version: int
    action: str
    name: str
    metrics: tuple[MetricRow, ...]
    metric_action: str
    drop_action: str
    units: tuple[Choice, ...]
    limits: tuple[LimitRow, ...]
    backtest_href: str
    rules: tuple[Choice, ...]
    rule_values: tuple[tuple[str, str, str, str], ...]
    plateau_tolerances: str
    """Of metrics by name, each in its own unit."""
    """Field, label, value, unit of every number a kill rule has."""
    strictness: tuple[Choice, ...]
    alpha: str
    commitments: tuple[tuple[str, str, str], ...]
    """Field, label and value of what a sprint usually holds."""
    time_zone: str
    ignored_parameters: str
    """Parameters that set no configuration apart, one a line."""
    locks_note: str
    """For whom a change of alpha or strictness holds."""
    sources: tuple[SourceRow, ...]
    kinds: tuple[Choice, ...]
    connect_action: str
    themes: tuple[Choice, ...]
    theme_action: str
    board: BoardSection
    cadence: CadenceSection
    prices: PricesSection
    kill_record: KillRecordSection
    webhooks: tuple[WebhookLine, ...]
    webhooks_href: str
    problem: str
    problem_hint: str
    problem_section: str
