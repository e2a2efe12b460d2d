"""What is a run's configuration? Its parameters without the seed, and without those that the project says set nothing apart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from assay.domain.experiments.evidence import Evidence, Past, Run

_LIKE_A_PLACE = re.compile(r"[/\\]|[0-9]{6}|[0-9a-f]{8}|[0-9]-[0-9]{2}-[0-9]{2}|[0-9]{2}:[0-9]{2}")
"""Paths, times and ids: what is written down of a run, rather than chosen for it."""
_FEWEST_RUNS = 3


def splitting_parameters(runs: Iterable[Run]) -> tuple[str, ...]:
    """Which parameters keep seeds apart that would form one group without them?

    Those that have another value in each run of a ticket, arm and evaluation set that has them, all of these values looking like
    a path, a time or an id, where runs of several seeds agree in everything else. To be shown, not to be acted upon: only the
    team knows whether such a parameter sets something apart.
    """
    beside: dict[tuple[str | None, str, str | None], list[Run]] = defaultdict(list)
    for run in runs:
        beside[run.ticket, run.arm, run.dataset].append(run)
    return tuple(sorted({name for part in beside.values() for name in _splitting(part)}))


def _splitting(runs: list[Run]) -> set[str]:
    values: dict[str, list[str]] = defaultdict(list)
    for run in runs:
        for name, value in run.config.items():
            values[name].append(value)
    names = {
        name
        for name, told in values.items()
        if len(told) >= _FEWEST_RUNS and len(set(told)) == len(told) and all(map(_is_like_a_place, told))
    }
    seeds: dict[frozenset[tuple[str, str]], set[int]] = defaultdict(set)
    for run in runs:
        if run.seed is not None and not names.isdisjoint(run.config):
            seeds[frozenset(_without(run.config, names).items())].add(run.seed)
    return names if any(len(group) > 1 for group in seeds.values()) else set()


def _is_like_a_place(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return _LIKE_A_PLACE.search(value) is not None
    return False  # drawn at random, such as a learning rate


def configured(run: Run, ignored: Collection[str]) -> Run:
    """The run without the parameters that set no configuration apart; what it was before, too."""
    past = tuple(_past(one, ignored) for one in run.past)
    if past == run.past and not _holds(run.config, ignored):
        return run
    return replace(run, config=_without(run.config, ignored), past=past)


def configured_evidence(evidence: Evidence, ignored: Collection[str]) -> Evidence:
    """The evidence whose runs are all so."""
    if not ignored:
        return evidence

    def each(runs: tuple[Run, ...]) -> tuple[Run, ...]:
        return tuple(configured(run, ignored) for run in runs)

    return replace(
        evidence,
        runs=each(evidence.runs),
        baseline_runs=each(evidence.baseline_runs),
        detached=each(evidence.detached),
        baseline_detached=each(evidence.baseline_detached),
    )


def _past(past: Past, ignored: Collection[str]) -> Past:
    return replace(past, config=_without(past.config, ignored)) if _holds(past.config, ignored) else past


def _holds(config: Mapping[str, str], ignored: Collection[str]) -> bool:
    return any(name in config for name in ignored)


def _without(config: Mapping[str, str], ignored: Collection[str]) -> Mapping[str, str]:
    return {name: value for name, value in config.items() if name not in ignored}
