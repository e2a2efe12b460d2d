"""What workflows about gates need from the outside: parts of the ports that live with all others in `ports`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.domain.experiments.evidence import Evaluation
    from assay.domain.gates.gate import Gate
    from assay.domain.gates.needs import Needs
    from assay.domain.gates.overlap import Overlap
    from assay.domain.kernel.metrics import Metric
    from assay.workflows.gate_views import GateRun, GateRunPage, GateSummary, GateVersion


class GateReads(Protocol):
    """What is remembered of gates and their answers."""

    def evidence_seq(self, project_id: int, keys: Sequence[str]) -> int:
        """Journal number at which the evidence of any of these tickets last changed; 0 for never."""
        ...

    def gate_version(self, project_id: int, name: str, version: int | None = None) -> GateVersion | None:
        """One version of a gate; None means the newest."""
        ...

    def gate_versions(self, project_id: int, name: str) -> Sequence[GateVersion]:
        """Every version of a gate, newest first."""
        ...

    def gates(self, project_id: int) -> Sequence[GateSummary]:
        """Every gate of a project by name, with its newest answer."""
        ...

    def gate_run(self, project_id: int, number: int) -> GateRun | None: ...
    def every_gate_run(self, project_id: int) -> Iterator[GateRun]:
        """All answers of a project's gates, oldest first."""
        ...

    def latest_gate_run(self, project_id: int, name: str, ticket: str) -> GateRun | None:
        """The newest answer of a gate, of whichever version, about a ticket."""
        ...

    def gate_run_page(
        self, project_id: int, *, gate: str | None, ticket: str | None, before: int | None, limit: int
    ) -> GateRunPage:
        """Answers, newest first; `before` is the number to go on below."""
        ...

    def uses_of_set(self, project_id: int, dataset: str, *, beside: str) -> int:
        """How many candidates but the one with this digest were judged on an evaluation set?"""
        ...


class GateWrites(GateReads, Protocol):
    """New versions and new answers of gates."""

    def add_gate_version(self, project_id: int, version: GateVersion) -> int:
        """Keep a version, which never changes; returns its number in this instance."""
        ...

    def next_gate_run(self, project_id: int) -> int:
        """The number that the next answer of this project's gates gets."""
        ...

    def add_gate_run(self, project_id: int, gate_id: int, run: GateRun) -> None:
        """Keep an answer, which never changes."""
        ...


class UploadReader(Protocol):
    """Evaluation results from the bytes of files."""

    def __call__(
        self,
        files: Mapping[str, bytes],
        *,
        reader: str | None = None,
        metrics: Sequence[Metric] = (),
        needs: Needs | None = None,
    ) -> Evaluation:
        """What these files hold, content by name: what is needed of it, or everything.

        Raises Invalid naming file, place, what was found and what mends it.
        """
        ...


class LeakSearch(Protocol):
    """What an evaluation shares with training data that came as bytes."""

    def __call__(
        self, gate: Gate, evaluation: Evaluation, files: Mapping[str, bytes]
    ) -> Mapping[int, Overlap]:
        """By the number of the leakage check; every file that the gate names is there. Raises Invalid."""
        ...


class IdListReader(Protocol):
    """Example ids from a list's bytes."""

    def __call__(self, content: bytes, *, name: str) -> tuple[tuple[str, ...], str]:
        """The ids, and the digest of the bytes. Raises Invalid when it is no list of ids."""
        ...
