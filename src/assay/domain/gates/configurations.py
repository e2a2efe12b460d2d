"""What is a run's configuration? Its parameters without the seed, and without those that the project says set nothing apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from assay.domain.experiments.evidence import Evidence, Past, Run


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
