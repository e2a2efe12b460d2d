"""What exactly was promised before the first run, and what was changed since?

The lock covers hypothesis, criteria, baseline, budget, look plan and the declarations of the metrics they name. Its digest is
SHA-256 over the RFC 8785 form of `registration_to_data`, where criteria, baselines and metrics stand in one fixed order.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from assay.domain.experiments.baseline_data import baseline_to_data, budget_to_data
from assay.domain.experiments.changes import Change, compare
from assay.domain.experiments.criteria.rules import registration_problems
from assay.domain.experiments.criteria.structured import criterion_to_data
from assay.domain.experiments.experiment import Amendment, Lock, Registration, TicketContent
from assay.domain.kernel.canonical import digest
from assay.domain.kernel.metrics import Metric, MetricCatalog
from assay.domain.kernel.time import utc
from assay.errors import Invalid, Refused

MAX_REASON = 2000

__all__ = [
    "Change",
    "amend",
    "compare",
    "lock",
    "registration_digest",
    "registration_of",
    "registration_to_data",
]


def registration_of(content: TicketContent, metrics: MetricCatalog) -> Registration:
    """What would be locked if the ticket were locked now? Holds only the metrics that criteria or baselines name."""
    names = [criterion.metric for criterion in content.criteria] + [
        baseline.metric for baseline in content.baseline
    ]
    named = {
        metric.name: metric
        for name in names
        if name is not None and (metric := metrics.get(name)) is not None
    }
    return Registration(
        hypothesis=content.hypothesis,
        baseline=content.baseline,
        criteria=content.criteria,
        budget=content.budget,
        time_box_days=content.time_box_days,
        looks=content.looks,
        candidate=content.candidate,
        metrics=tuple(named[name] for name in sorted(named)),
    )


def registration_to_data(registration: Registration) -> dict[str, Any]:
    """Which JSON value stands for the registration? Order of criteria, baselines and metrics does not matter."""
    return {
        "hypothesis": registration.hypothesis,
        "baseline": _ordered([baseline_to_data(baseline) for baseline in registration.baseline]),
        "criteria": _ordered([criterion_to_data(criterion) for criterion in registration.criteria]),
        "budget": budget_to_data(registration.budget),
        "time_box_days": registration.time_box_days,
        "looks": list(registration.looks.stages),
        "candidate": registration.candidate,
        "metrics": _ordered([_metric_to_data(metric) for metric in registration.metrics]),
    }


def registration_digest(registration: Registration) -> str:
    """What is the digest of the registration, as `sha256:<64 hex digits>`?"""
    return digest(registration_to_data(registration))


def lock(content: TicketContent, metrics: MetricCatalog, *, at: datetime, by: str, seq: int) -> Lock:
    """Lock what the ticket promises.

    Args:
        content: the ticket.
        metrics: the declared metrics.
        at: the moment of the lock, aware.
        by: who locks.
        seq: journal sequence number of the lock.

    Raises:
        Refused: something is missing or at odds; `details["problems"]` lists it.
    """
    must_be_complete(content, metrics, verb="lock")
    registration = registration_of(content, metrics)
    fingerprint = registration_digest(registration)
    return Lock(
        registration=registration,
        digest=fingerprint,
        locked_at=utc(at),
        locked_by=by,
        seq=seq,
        original_digest=fingerprint,
        prediction=content.prediction,
    )


def must_be_complete(content: TicketContent, metrics: MetricCatalog, *, verb: str) -> None:
    """Nothing is locked or amended into a registration that decides nothing or contradicts itself.

    Raises:
        Refused: something is missing or at odds; `details["problems"]` lists it.
    """
    problems = registration_problems(content, metrics)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise Refused(
            f"cannot {verb} ticket '{content.title}': {problems[0].text}{more} "
            "(expected hypothesis, primary and kill criteria without contradictions)",
            hint=problems[0].fix,
            code="registration-incomplete",
            field=problems[0].field,
            details={"problems": [problem.model_dump(mode="json") for problem in problems]},
        )


def amend(
    lock: Lock,
    new_registration: Registration,
    *,
    at: datetime,
    author: str,
    reason: str,
    seq: int,
    after_results: bool,
) -> Lock:
    """Change what is locked, leaving a dated mark.

    Args:
        lock: the lock as it stands.
        new_registration: what shall be locked from now on.
        at: the moment of the change, aware.
        author: who changes it.
        reason: why, 1 to 2,000 characters.
        seq: journal sequence number of the amendment.
        after_results: results had been seen by then.

    Raises:
        Invalid: the reason is empty or too long.
        Refused: nothing would change.
    """
    words = _checked_reason(reason)
    fingerprint = registration_digest(new_registration)
    if fingerprint == lock.digest:
        raise Refused(
            "cannot amend lock: nothing changes (expected another hypothesis, criterion, baseline or budget)",
            hint="edit the ticket first, then amend",
            code="amendment-empty",
        )
    changes = compare(lock.registration, new_registration)
    amendment = Amendment(
        number=len(lock.amendments) + 1,
        at=utc(at),
        author=author,
        reason=words,
        changes=tuple(change.text for change in changes),
        loosens=any(change.loosens for change in changes),
        after_results=after_results,
        digest=fingerprint,
        seq=seq,
    )
    update = {
        "registration": new_registration,
        "digest": fingerprint,
        "amendments": (*lock.amendments, amendment),
    }
    return lock.model_copy(update=update)


def _metric_to_data(metric: Metric) -> dict[str, Any]:
    data = metric.model_dump(mode="json")
    data["aliases"] = sorted(metric.aliases)
    return data


def _ordered(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(entries, key=lambda entry: json.dumps(entry, sort_keys=True))


def _checked_reason(reason: str) -> str:
    words = reason.strip()
    if words and len(words) <= MAX_REASON and any(character.isalpha() for character in words):
        return words
    fact = f"the reason has {len(words)} characters" if words else "no reason is given"
    if words and len(words) <= MAX_REASON:
        fact = "the reason has no words"
    raise Invalid(
        f"cannot amend lock: {fact} (expected 1 to {MAX_REASON} characters that say why)",
        hint="say why the promise changes; the reason stays on the verdict",
        code="amendment-reason-missing" if len(words) <= MAX_REASON else "amendment-reason-too-long",
        field="reason",
    )
