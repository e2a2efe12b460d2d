"""Names of metrics as criteria can write them, whatever a tool calls them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assay.connectors.evals.faults import shown, unreadable
from assay.domain.kernel.metric_name import METRIC_NAME

_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_.\-/]+", re.ASCII)


def metric_name(told: str) -> str:
    """The name a criterion can use for what the file calls `told`.

    >>> metric_name("accuracy"), metric_name("Answer quality (1-5)"), metric_name("5-shot acc")
    ('accuracy', 'Answer_quality_1-5', '_5-shot_acc')
    """
    if METRIC_NAME.match(told):
        return told
    name = _NOT_IN_NAME.sub("_", told).strip("_") or "metric"
    return (name if name[0].isalpha() else f"_{name}")[:100]


def metric_names(file: str, told: Iterable[str]) -> dict[str, str]:
    """The name of each metric of a file. Raises Invalid when two of them would become one.

    >>> metric_names("results.csv", ["f1 score", "bleu"])
    {'f1 score': 'f1_score', 'bleu': 'bleu'}
    """
    names: dict[str, str] = {}
    owner: dict[str, str] = {}
    for one in told:
        name = metric_name(one)
        if name in owner:
            raise unreadable(
                file,
                f"metrics {shown(owner[name])} and {shown(one)} would both be called {name}",
                "names that differ in letters, digits, or one of _ . - /",
                hint="rename one of them in the file",
            )
        names[one], owner[name] = name, one
    return names
