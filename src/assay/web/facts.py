"""The few figures above the board, counted again only when something happened."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from fastapi import FastAPI

from assay.domain.experiments.display import format_value
from assay.domain.gates.wording import hours, limit_text
from assay.domain.kernel.metrics import MetricCatalog
from assay.web import wording
from assay.web.contexts.board import Fact
from assay.workflows.actor import Actor
from assay.workflows.overview import overview
from assay.workflows.overview_views import OverviewView
from assay.workflows.ports import Workspace
from assay.workflows.projects import get_metrics

KEPT = 256


class FactCache:
    """Figures by project, valid for one journal number."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, tuple[Fact, ...]]] = OrderedDict()
        self._lock = Lock()

    def get(self, slug: str, seq: int) -> tuple[Fact, ...] | None:
        """The figures as of `seq`, None when they have to be counted."""
        found = self._kept.get(slug)
        return found[1] if found is not None and found[0] == seq else None

    def put(self, slug: str, seq: int, facts: tuple[Fact, ...]) -> None:
        """Keep figures counted at `seq`."""
        with self._lock:
            self._kept[slug] = (seq, facts)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def strip(ws: Workspace, actor: Actor, slug: str, *, seq: int, app: FastAPI) -> tuple[Fact, ...]:
    """The figures of a project; counted once for each journal number."""
    cache: FactCache | None = getattr(app.state, "fact_cache", None)
    if cache is None:
        cache = app.state.fact_cache = FactCache()
    kept = cache.get(slug, seq)
    if kept is not None:
        return kept
    view = overview(ws, actor, slug)
    made = facts(view, get_metrics(ws, actor, slug))
    cache.put(slug, view.seq, made)
    return made


def facts(view: OverviewView, metrics: MetricCatalog) -> tuple[Fact, ...]:
    """Five figures from the overview."""
    budget = "" if view.gpu_hours_budget is None else f"of {limit_text(view.gpu_hours_budget)} "
    return (
        Fact("Decided", str(view.decided), _outcomes(view)),
        Fact("In progress", str(view.active), _progress(view)),
        _best(view, metrics),
        Fact("Compute", spent(view), f"{budget}GPU{wording.UNBROKEN}h"),
        Fact("Waiting for a person", str(view.attention_total), "to decide or mend"),
    )


def spent(view: OverviewView) -> str:
    """GPU-hours of all runs, a lower bound where some do not say what they used."""
    if view.gpu_hours is None:
        return wording.UNKNOWN
    least = "at least " if view.runs_without_gpu_hours else ""
    return f"{least}{hours(view.gpu_hours, beside=view.gpu_hours_budget)}"


def _outcomes(view: OverviewView) -> str:
    written = wording.plural(view.experiments, "experiment")
    return f"of {written} · {view.killed} killed, {view.promoted} promoted"


def _progress(view: OverviewView) -> str:
    parts = progress_parts(view)
    return f"{'ticket' if view.active == 1 else 'tickets'}{': ' if parts else ''}{parts}"


def progress_parts(view: OverviewView) -> str:
    """What is in progress, in parts that add up to all of it; empty where nothing is."""
    parts = (
        (view.undecided, "not known yet"),
        (view.ready, "verdict ready" if view.ready == 1 else "verdicts ready"),
        (view.iterating, "iterating"),
        (view.other_work, "other work"),
    )
    return ", ".join(f"{count} {word}" for count, word in parts if count)


def _best(view: OverviewView, metrics: MetricCatalog) -> Fact:
    if view.best_metric is None or not view.best:
        return Fact("Runs read", f"{view.runs:,}", "")
    best, metric = view.best[-1], metrics.get(view.best_metric)
    label = f"Best {view.best_metric}{metric.reading.beside if metric else ''}"
    return Fact(label, format_value(metric, best.value), f"{best.key} · {wording.plural(view.runs, 'run')}")
