"""How a project judges: strictness, alpha, and which heuristic kill rules advise."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.model import NUMBER, Value


class KillRules(Value):
    """Heuristic rules of a project; each can be tuned or switched off."""

    enabled: tuple[KillRuleName, ...] = tuple(KillRuleName)
    over_budget_multiple: Annotated[Decimal, NUMBER, Field(gt=0)] = Decimal(2)
    plateau_tolerance: Annotated[Decimal, NUMBER, Field(ge=0)] = Decimal("0.01")
    """In the metric's own unit; the default applies to fractions only."""
    plateau_tolerance_for: Literal["fractions", "all"] = "fractions"
    plateau_runs: Annotated[int, NUMBER, Field(ge=2, le=100)] = 3
    gap: Annotated[Decimal, NUMBER, Field(gt=0)] = Decimal("0.15")
    """In the metric's own unit; applies to fractions only."""
    loss_metrics: tuple[str, ...] = ("train_loss", "training_loss", "loss", "train/loss")
    not_falling_after: Annotated[int, NUMBER, Field(ge=0)] = 1


class VerdictSettings(Value):
    """What the verdict function is told beside criteria and evidence."""

    strictness: Literal["bound", "point"] = "bound"
    alpha: Annotated[float, NUMBER, Field(gt=0, lt=0.5)] = 0.05
    kill_rules: KillRules = KillRules()
