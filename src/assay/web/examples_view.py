"""From the examples behind a value to their page."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import numpy as np

from assay.domain.experiments.display import format_value
from assay.domain.gates.example_evidence import PREDICTION, TARGET, Confused
from assay.web import wording
from assay.web.contexts.comparison import RunLink
from assay.web.contexts.examples import ClassLine, ExamplesPage, HardLine, MatrixCell, MatrixRow
from assay.web.contexts.ticket_form import Choice
from assay.web.run_view import run_href
from assay.workflows.example_views import ExampleGroup, ExamplesView

MOST_CLASSES = 20
_LOG = "Log each example's score as the artifact assay/scores.parquet (sample_id, metric, value)"
_LOG_CLASSES = (
    f"Write the columns {TARGET} and {PREDICTION} beside each score: the true class and the answer."
)


def examples_href(slug: str, **asked: str) -> str:
    """The page of the examples behind a ticket's group or a run."""
    return f"/p/{slug}/examples?{urlencode({name: value for name, value in asked.items() if value})}"


def examples_page(view: ExamplesView) -> ExamplesPage:
    """Everything the page prints."""
    slug, ticket, run = view.project.slug, view.ticket or "", view.run
    back = (
        (run.name or run.external_id, run_href(slug, run.run_id))
        if run
        else (ticket, f"/p/{slug}/t/{ticket}")
    )
    head, rows, note = _matrix(view.confused)
    class_head, classes = _classes(view)
    return ExamplesPage(
        title=f"Examples of {back[0]}",
        back=back[0],
        back_href=back[1],
        here=f"/p/{slug}/examples",
        hidden=(("run", run.run_id),) if run else (("ticket", ticket),),
        groups=_choices([(g.key, _group_name(g)) for g in view.groups], view.group.key if view.group else ""),
        metrics=_choices([(name, name) for name in view.metrics], view.metric or ""),
        columns=_choices([(name, name) for name in view.columns], view.column or ""),
        metric=view.metric or "",
        about=_about(view),
        runs=tuple(
            RunLink(
                "no seed" if r.seed is None else str(r.seed),
                run_href(slug, r.run_id),
                r.name or r.external_id,
            )
            for r in view.runs
        ),
        left_out=tuple((r.name or r.external_id, run_href(slug, r.run_id), why) for r, why in view.left_out),
        hard=_hard(view),
        hard_note=_hard_note(view),
        unknown="" if view.metric else f"No run here has scores of examples that can be read. {_LOG}.",
        hard_unknown=_hard_unknown(view),
        matrix_head=head,
        matrix=rows,
        matrix_note=note,
        matrix_unknown=""
        if view.confused
        else f"Which class was taken for which is not known. {_LOG_CLASSES}",
        classes_title=f"By {view.column}" if view.column and view.column != TARGET else "Classes",
        class_head=class_head,
        classes=classes,
        classes_unknown="" if classes else f"The classes of the examples are not known. {_LOG_CLASSES}",
    )


def _choices(entries: Sequence[tuple[str, str]], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, label, value == chosen) for value, label in entries)


def _group_name(group: ExampleGroup) -> str:
    label, arm = group.label, group.arm
    judged = ", judged" if group.is_candidate else ""
    return f"{arm}{'' if label == arm else f': {label}'}{judged}"


def _about(view: ExamplesView) -> str:
    count = len(view.runs)
    if not count:
        return ""
    if view.run is not None:
        return "One run: these are examples of this model, not of the method."
    return f"{wording.plural(count, 'seed')} of {view.group.arm if view.group else 'the group'}."


def _hard(view: ExamplesView) -> tuple[HardLine, ...]:
    found = view.hard.examples if view.hard else ()
    return tuple(
        HardLine(str(place), one.sample_id, format_value(view.declared, one.mean), str(one.seeds), one.labels)
        for place, one in enumerate(found, start=1)
    )


def _hard_note(view: ExamplesView) -> str:
    hard = view.hard
    if hard is None or not hard.examples:
        return ""
    notes = [
        f"the worst {len(hard.examples)} of {wording.plural(hard.total, 'example')} by mean {view.metric}"
    ]
    if hard.ties:
        tied = f"{wording.plural(hard.ties, 'more example')} {'has' if hard.ties == 1 else 'have'} the score of the last one"
        notes.append(f"{tied}; those listed come first by id")
    if hard.unscored:
        notes.append(f"{wording.plural(hard.unscored, 'example')} without a score")
    return "; ".join(notes)


def _hard_unknown(view: ExamplesView) -> str:
    if view.hard is not None or view.metric is None:
        return ""
    return f"Which examples are hard is not known: nobody declared which way {view.metric} is better."


def _matrix(found: Confused | None) -> tuple[tuple[str, ...], tuple[MatrixRow, ...], str]:
    if found is None:
        return (), (), ""
    labels, counts = found.counts.labels, found.counts.counts
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    shown = sorted(np.argsort(-wrong, kind="stable")[:MOST_CLASSES].tolist())
    rows = tuple(
        MatrixRow(
            labels[true],
            tuple(_cell(int(counts[true, given]), int(counts[true].sum()), true == given) for given in shown),
        )
        for true in shown
    )
    note = f"answers of {wording.plural(found.seeds, 'seed')} added up, {int(counts.sum()):,} in all"
    if len(labels) > len(shown):
        note += f"; the {len(shown)} of {len(labels)} classes that are taken for others most"
    return tuple(labels[at] for at in shown), rows, note


def _cell(count: int, row: int, right: bool) -> MatrixCell:
    return MatrixCell(f"{count:,}" if count else "", round(10 * count / row) if row else 0, right)


def _classes(view: ExamplesView) -> tuple[tuple[str, ...], tuple[ClassLine, ...]]:
    """Precision, recall and F1 where answers were logged; else the mean score of each label."""
    if view.confused is not None and view.column == TARGET:
        lines = tuple(
            ClassLine(
                one.label,
                (
                    f"{one.support:,}",
                    f"{one.answered:,}",
                    *(_share(x) for x in (one.precision, one.recall, one.f1)),
                ),
            )
            for one in sorted(
                view.confused.classes, key=lambda one: (one.f1 is not None, one.f1 or 0.0, one.label)
            )
        )
        return ("Class", "True", "Answered", "Precision", "Recall", "F1"), lines
    lines = tuple(
        ClassLine(
            one.label or "none",
            (f"{one.examples:,}", f"{one.scores:,}", format_value(view.declared, one.mean)),
        )
        for one in view.labels
    )
    return ("Label", "Examples", "Scores", f"Mean {view.metric}"), lines


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{100 * share:.1f}%"
