"""How does lm-evaluation-harness call its figures, and which way is better?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.connectors.evals.metric_names import metric_name
from assay.domain.kernel.metrics import Direction, Metric, Unit

_RATES = frozenset(
    ("acc", "acc_norm", "acc_mutual_info", "acc_bytes", "exact_match", "em", "pct_stereotype", "prompt_level_strict_acc",
     "prompt_level_loose_acc", "inst_level_strict_acc", "inst_level_loose_acc")
)  # fmt: skip
_HIGHER = frozenset(
    ("f1", "mcc", "bleu", "chrf", "rouge1", "rouge2", "rougeL", "mc1", "mc2", "bleu_acc", "rouge1_acc", "contains", "word_acc")
)  # fmt: skip
_LOWER = frozenset(
    ("ppl", "perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "pct_stereotype", "likelihood_diff",
     "likelihood_difference", "ter", "brier_score", "wer")
)  # fmt: skip
_NOT_MEANS = frozenset(
    ("ppl", "perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "mcc", "bleu", "chrf", "ter")
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A key such as `acc_stderr,none` taken apart."""

    metric: str
    filter: str
    is_stderr: bool

    @property
    def is_mean(self) -> bool:
        """Is the total the mean of what single examples got, as far as is known?"""
        return self.metric not in _NOT_MEANS


def split_figure(key: str) -> Figure:
    """Metric, filter and whether it is a standard error, in both layouts.

    >>> split_figure("exact_match_stderr,strict-match")
    Figure(metric='exact_match', filter='strict-match', is_stderr=True)
    >>> split_figure("acc_norm")
    Figure(metric='acc_norm', filter='none', is_stderr=False)
    """
    metric, _, kind = key.partition(",")
    return Figure(metric.removesuffix("_stderr"), kind or "none", metric.endswith("_stderr"))


def figure_name(task: str, key: str) -> str:
    """What criteria call a figure.

    >>> figure_name("gsm8k", "exact_match,strict-match"), figure_name("wsc", "acc,none"), figure_name("wsc", "acc")
    ('gsm8k/exact_match/strict-match', 'wsc/acc', 'wsc/acc')
    """
    figure = split_figure(key)
    parts = (task, figure.metric, *(() if figure.filter == "none" else (figure.filter,)))
    return metric_name("/".join(parts))


def declaration(name: str, metric: str, higher: bool | None, value: float) -> Metric | None:  # noqa: FBT001 - the tool tells one of three
    """The metric as far as it is known: from what the file says, else from what the harness means by that name."""
    if higher is None:
        higher = True if metric in (_RATES | _HIGHER) - _LOWER else False if metric in _LOWER else None
    if higher is None:
        return None
    return Metric(
        name=name,
        direction=Direction.HIGHER if higher else Direction.LOWER,
        unit=Unit.FRACTION if metric in _RATES and 0 <= value <= 1 else Unit.NUMBER,
    )
