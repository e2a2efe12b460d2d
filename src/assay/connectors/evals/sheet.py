"""Examples of one run, collected one by one as a tool lists them, turned into scores by metric."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assay.connectors.evals.faults import listed
from assay.connectors.evals.runs import unscored
from assay.connectors.evals.table import MAX_LABEL
from assay.domain.experiments.evidence import ExampleText, Scores

SHORT_LABEL, MANY_LABELS = 60, 100
"""Where a tool keeps the whole example, a field with longer texts or more of them is part of it, not a slice."""


class Sheet:
    """What one run got on each example, each time it was asked.

    An example that ended in an error, or has no score, is kept apart: it is no failure, and it is not left out silently.

    Args:
        most_labels: a column with more labels than this is no slice; None takes any number.
    """

    def __init__(self, *, most_labels: int | None = None) -> None:
        self._most_labels = most_labels
        self.texts: dict[str, ExampleText] = {}
        self._asked: dict[str, set[int]] = {}
        self._values: dict[str, dict[str, dict[int, float]]] = {}
        self._labels: dict[str, Mapping[str, str]] = {}
        self._errors: dict[str, None] = {}
        self._without_score: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def add(
        self, sample_id: str, repeat: int, values: Mapping[str, float], labels: Mapping[str, str]
    ) -> bool:
        """Keep what was measured; False when this repeat of this example is there already."""
        if not self._ask(sample_id, repeat):
            return False
        self._labels.setdefault(sample_id, labels)
        for metric, value in values.items():
            self._values.setdefault(metric, {}).setdefault(sample_id, {})[repeat] = value
        return True

    def add_error(self, sample_id: str, repeat: int, *, error: bool = True) -> bool:
        """Keep that this example ended in an error, or has no score; False when it is there already."""
        (self._errors if error else self._without_score)[sample_id] = None
        return self._ask(sample_id, repeat)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that were measured."""
        return tuple(self._values)

    def values(self, metric: str) -> list[float]:
        """Every value of a metric, in no order that matters."""
        return [value for told in self._values.get(metric, {}).values() for value in told.values()]

    def scores(self, seed: int | None) -> dict[str, Scores]:
        """Scores by metric, examples in the order of their ids."""
        ids_of: dict[frozenset[str], tuple[str, ...]] = {}
        slices_of: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        found = {}
        for metric, told in self._values.items():
            ids = ids_of.setdefault(frozenset(told), tuple(sorted(told)))
            if ids not in slices_of:
                slices_of[ids] = self._slices(ids)
            rows = [[told[one][repeat] for repeat in sorted(told[one])] for one in ids]
            even = len({len(row) for row in rows}) == 1
            matrix = np.array(rows) if even else None
            found[metric] = Scores(
                metric=metric,
                seed=seed,
                sample_ids=ids,
                values=np.array([np.mean(row) for row in rows]) if matrix is None else matrix.mean(axis=1),
                slices=slices_of[ids],
                repeats=matrix if matrix is not None and matrix.shape[1] > 1 else None,
            )
        return found

    def fault(self) -> str | None:
        """Why these scores are no whole evidence; None when they are."""
        faults = [
            unscored(len(self), list(self._errors)),
            unscored(
                len(self),
                [one for one in self._without_score if one not in self._errors],
                what="have no score",
            ),
            None if self._errors or self._without_score else self._uneven(),
        ]
        return "; ".join(fault for fault in faults if fault) or None

    def partial(self) -> list[str]:
        """Metrics that only some of the scored examples have."""
        whole = len(self._labels)
        return [metric for metric, told in self._values.items() if len(told) < whole]

    def _ask(self, sample_id: str, repeat: int) -> bool:
        repeats = self._asked.setdefault(sample_id, set())
        fresh = repeat not in repeats
        repeats.add(repeat)
        return fresh

    def _uneven(self) -> str | None:
        most = max(map(len, self._asked.values()), default=0)
        fewer = [sample_id for sample_id, repeats in self._asked.items() if len(repeats) < most]
        if not fewer:
            return None
        return f"{len(fewer):,} of {len(self):,} examples were run fewer than {most} times: {listed(fewer)}"

    def _slices(self, ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        names = dict.fromkeys(name for one in ids for name in self._labels.get(one, {}))
        found = {name: tuple(self._labels.get(one, {}).get(name, "") for one in ids) for name in names}
        most = self._most_labels
        return {name: labels for name, labels in found.items() if most is None or len(set(labels)) <= most}


def labels_in(told: object, prefix: str = "", *, longest: int = MAX_LABEL) -> dict[str, str]:
    """The slice labels in an object that a tool keeps beside an example: texts, truth values and whole numbers.

    >>> labels_in({"topic": "law", "level": 3, "about": {"source": "web"}, "score": 0.5, "tags": ["a"]})
    {'topic': 'law', 'level': '3', 'about.source': 'web'}
    """
    found: dict[str, str] = {}
    if not isinstance(told, Mapping):
        return found
    for key, value in told.items():
        name = f"{prefix}{key}"
        if isinstance(value, str | bool | int) and len(str(name)) <= MAX_LABEL:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if len(text) <= longest and _is_text(text) and _is_text(name):
                found[name] = text
        elif isinstance(value, Mapping) and not prefix:
            found |= labels_in(value, f"{name}.", longest=longest)
    return found


def _is_text(text: str) -> bool:
    return text.isascii() or text.encode("utf-8", "replace").decode() == text
