"""What is a reader of evaluation results? A small class that knows one tool's files. Third parties add theirs.

A reader of files is found through the entry point group `assay.eval_readers`, one of addresses through
`assay.eval_addresses`; `assay.testing.eval_reader_contract` holds the
tests that it has to pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from assay.connectors.evals.files import EvalFile
from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.needs import Needs
from assay.domain.kernel.metrics import Metric, Unit


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the caller knows about the files."""

    metrics: tuple[Metric, ...] = ()
    """Declarations that values are checked against: a fraction may not hold 87 where 0.87 is meant."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Roles of columns that their names do not tell, such as `{"question_id": "sample_id", "level": "slice"}`."""
    needs: Needs = field(default_factory=Needs)
    """What of the files is looked at. A reader may leave out the rest, as long as all that is named is there."""

    def declared(self, name: str) -> Metric | None:
        """The declaration of a metric, by its name or an alias."""
        return next((one for one in self.metrics if name == one.name or name in one.aliases), None)

    def is_fraction(self, name: str) -> bool:
        """Is this metric declared as a fraction?"""
        metric = self.declared(name)
        return metric is not None and metric.unit is Unit.FRACTION


@runtime_checkable
class EvalReader(Protocol):
    """Reads the files of one tool. Made without arguments, kept for no longer than one call."""

    name: str
    """What `--reader` calls it."""

    def recognises(self, head: bytes) -> bool:
        """Did this tool write the file that begins with these bytes (at most 256 KB)? Names and extensions do not count."""
        ...

    def read(self, files: Sequence[EvalFile], options: ReadOptions) -> Evaluation:
        """What do these files hold?

        Raises:
            Invalid: naming file, place in it, what was found, what is expected and what mends it.
        """
        ...


@runtime_checkable
class AddressReader(Protocol):
    """Reads what an address names, where results lie in no file: `mlflow:sqlite:///mlflow.db?ticket=EXP-7`."""

    name: str
    """What stands before the first colon of its addresses."""

    def read_address(self, address: str, options: ReadOptions) -> Evaluation:
        """What does this address hold (without `name:`)? Raises Invalid, or Unavailable when it cannot be reached."""
        ...
