"""Run an evaluation once per seed and judge it, adding seeds from look to look where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from assay.domain.gates.gate_record import GateRecord
from assay.domain.gates.seed_runs import first_seeds, next_seeds

Judge = Callable[[Mapping[int, str]], GateRecord]
"""What does the gate say of the results there are? Told why each seed that did not finish failed."""


@dataclass(frozen=True, slots=True)
class SeedWork:
    """What is to be run.

    Attributes:
        command: program and arguments, with the marks {seed} and {out}.
        out: where everything is kept.
        jobs: seeds that run at once.
        timeout_s: seconds that a seed may take; None: any.
        keep_going: run the other seeds, too, when one failed.
        variables: environment variables whose value changes what is measured.
        watch: patterns of further files that do.
        ignore: patterns of files that do not.
    """

    command: Sequence[str]
    out: Path
    jobs: int = 1
    timeout_s: float | None = None
    keep_going: bool = False
    variables: Sequence[str] = ()
    watch: Sequence[str] = ()
    ignore: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SeedTold:
    """Something that happened to a seed: `kept`, `started`, `finished` or `failed`.

    last_lines and log are what it printed last, and where all of it is; only of a seed that failed.
    """

    happened: str
    seed: int
    seconds: float = 0.0
    reason: str = ""
    last_lines: tuple[str, ...] = ()
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the seeds are. left_s is None while nothing is known about how long one takes."""

    done: int
    whole: int
    running: Mapping[int, float] = field(default_factory=dict)
    """Seconds so far, by seed."""
    left_s: float | None = None


class SeedRunner(Protocol):
    """Runs seeds of one command, and keeps what they measured."""

    @property
    def results(self) -> Path:
        """The folder with the results of every seed that finished."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The files that are watched: a change in one of them is another command."""
        ...

    def seconds(self) -> Mapping[int, float]:
        """How long did each seed that finished take?"""
        ...

    def begun(self) -> tuple[int, ...]:
        """The seeds of this very command that finished or failed before."""
        ...

    def run(self, seeds: Sequence[int]) -> Mapping[int, str]:
        """Run those of these seeds that have not finished yet; returns why each one failed that did."""
        ...


@dataclass(frozen=True, slots=True)
class SeedsJudged:
    """The answer over these seeds."""

    record: GateRecord
    seeds: tuple[int, ...]


def run_and_judge(
    runner: SeedRunner,
    judge: Judge,
    asked: Sequence[int],
    *,
    stages: Sequence[int] = (),
    between: Callable[[SeedsJudged], None] = lambda _: None,
) -> SeedsJudged:
    """What does the gate answer, once the seeds were run?

    Args:
        runner: of one command. Seeds it has begun before count, whether they are asked for or not: leaving out some
            that are known would choose the evidence.
        judge: judges what finished.
        asked: the seeds to run, in order.
        stages: the registered looks; where given, seeds are added at those only, until the answer is decided.
        between: told the answer of a look that is not the last.
    """
    begun = runner.begun()
    seeds = first_seeds(begun, asked, stages) if stages else (*begun, *(s for s in asked if s not in begun))
    while True:
        answer = SeedsJudged(judge(runner.run(seeds)), seeds)
        more = next_seeds(answer.record, seeds, asked, stages)
        if more is None:
            return answer
        between(answer)
        seeds = more
