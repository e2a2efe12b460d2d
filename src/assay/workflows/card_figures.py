"""What a card shows of its metric, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def figures_text(card: Mapping[str, Any]) -> str:
    """Baseline, value and target of the metric that a card is about; empty where nothing is measured yet.

    >>> figures_text({"metric": "accuracy", "baseline_text": "72%", "current_text": "81%", "target_text": ""})
    'accuracy: baseline 72%, now 81%'
    """
    if not card.get("metric") or not card.get("current_text"):
        return ""
    parts = (("baseline", "baseline_text"), ("now", "current_text"), ("target", "target_text"))
    return f"{card['metric']}: {', '.join(f'{name} {card[part]}' for name, part in parts if card.get(part))}"
