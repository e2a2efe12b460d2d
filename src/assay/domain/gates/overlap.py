"""What does an evaluation set share with training data?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Overlap:
    """Examples of the evaluation set that stand in the training data too.

    Attributes:
        examined: examples of the evaluation set that were looked for.
        training: rows of training data that were looked through.
        same_id: ids that stand in both.
        same_text: (evaluation id, training row) with the same normalised text.
        near_text: (evaluation id, training row, similarity) of texts that are nearly the same, most similar first.
        compared: "ids" or "ids and texts".
        notes: what could not be compared.
    """

    examined: int
    training: int
    same_id: tuple[str, ...] = ()
    same_text: tuple[tuple[str, str], ...] = ()
    near_text: tuple[tuple[str, str, float], ...] = ()
    compared: str = "ids"
    notes: tuple[str, ...] = ()

    @property
    def exact(self) -> tuple[str, ...]:
        """Evaluation ids with an exact overlap, each once, in order."""
        return tuple(sorted({*self.same_id, *(one for one, _ in self.same_text)}))

    @property
    def near(self) -> tuple[str, ...]:
        """Evaluation ids with a near-duplicate and no exact overlap, each once, in order."""
        return tuple(sorted({one for one, _, _ in self.near_text} - set(self.exact)))
