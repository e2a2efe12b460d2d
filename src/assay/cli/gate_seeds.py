"""From the options of `assay gate run` to its record, with progress on standard error: standard output is the answer's."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.bootstrap import read_evaluation, seeds_of_command
from assay.cli.gate_file import gate_at
from assay.cli.gate_judging import judged
from assay.cli.screen import clean
from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.gate_record import GateRecord
from assay.domain.gates.seed_runs import check_command, seeds_asked, with_failed, with_gpu_hours
from assay.domain.gates.wording import count, listed
from assay.errors import Invalid
from assay.workflows.seed_runs import (
    Progress,
    SeedRunner,
    SeedsJudged,
    SeedTold,
    SeedWork,
    run_and_judge,
)

_TIME = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?(s|m|min|h)?", re.ASCII)
_SECONDS = {None: 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_SHOWN_RUNNING = 4


@dataclass(frozen=True, slots=True)
class SeedsAsked:
    """What of `assay gate run` is about seeds and judging."""

    gate_file: Path
    command: tuple[str, ...]
    seeds: str | None
    until_decided: bool
    collect: bool
    timeout: str | None
    baseline: str | None
    reader: str | None
    reads_environment: bool
    gpus: float | None
    fresh: bool


def run_seeds(
    asked: SeedsAsked,
    *,
    out: Path,
    jobs: int,
    keep_going: bool,
    watch: tuple[str, ...],
    ignore: tuple[str, ...],
    variables: tuple[str, ...],
) -> GateRecord | int:
    """Run the seeds and judge them; the exit code alone where nothing is to be judged.

    Raises:
        Invalid, NotFound, Unavailable, Conflict: before any seed is run, where that can be known.
    """
    check_command(asked.command, reads_environment=asked.reads_environment)
    gate = gate_at(asked.gate_file)
    stages = gate.settings.looks.stages
    most = stages[-1] if asked.until_decided else stages[0]
    seeds = seeds_asked(asked.seeds if asked.seeds is not None else str(most))
    metrics = with_metrics(gate).metrics
    if asked.baseline is not None and not asked.collect:
        # A baseline that cannot be read is better known before hours of running.
        read_evaluation(asked.baseline, reader=asked.reader, metrics=metrics)
    work = SeedWork(
        command=asked.command,
        out=out,
        jobs=jobs,
        timeout_s=_seconds(asked.timeout),
        keep_going=keep_going,
        variables=variables,
        watch=watch,
        ignore=ignore,
    )
    screen = ProgressLines()
    with seeds_of_command(
        work, reader=asked.reader, metrics=metrics, tell=screen.tell, show=screen.show, forget=asked.fresh
    ) as runner:
        others = [seed for seed in runner.begun() if seed not in seeds]
        if others:
            screen.say(f"{_names(others)} were run before with this command: they count")
        screen.say(f"Watching {count(len(runner.names), 'file')}; results are kept in {runner.results}")
        try:
            if asked.collect:
                return _collected(runner, [*runner.begun(), *seeds], screen)
            found = run_and_judge(
                runner,
                lambda failed: _judged(asked, runner, failed),
                seeds,
                stages=stages if asked.until_decided else (),
                between=screen.between,
            )
        except KeyboardInterrupt:
            kept = sorted(runner.seconds())
            screen.say(f"Stopped. Kept: {_names(kept) or 'nothing'}. The same command goes on from there.")
            raise
    return found.record


def _collected(runner: SeedRunner, seeds: list[int], screen: ProgressLines) -> int:
    failed = runner.run(list(dict.fromkeys(seeds)))
    if failed:
        screen.say(f"{_names(sorted(failed))} failed: the results are not whole")
        return 2
    print(runner.results)
    return 0


def _judged(asked: SeedsAsked, runner: SeedRunner, failed: Mapping[int, str]) -> GateRecord:
    seconds = runner.seconds()

    def whole(evaluation: Evaluation) -> Evaluation:
        if asked.gpus is not None:
            hours = {seed: asked.gpus * took / 3600.0 for seed, took in seconds.items()}
            evaluation = with_gpu_hours(evaluation, hours)
        return with_failed(evaluation, failed)

    results = str(runner.results) if seconds else None
    return judged(asked.gate_file, results, asked.baseline, reader=asked.reader, whole=whole)


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    found = _TIME.fullmatch(text.strip())
    seconds = 0.0 if found is None else float(found[1]) * _SECONDS[found[2]]
    if seconds <= 0.0:
        raise Invalid(
            f"cannot read option --timeout: found {text[:40]!r} (expected a time such as 90s, 20m or 2h)",
            hint="assay gate run --help",
            code="timeout-invalid",
            field="timeout",
        )
    return seconds


def _names(seeds: list[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {listed(map(str, seeds), 8)}" if seeds else ""


class ProgressLines:
    """What happens to the seeds, a line each; on a terminal the last line says how far it is."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown = False

    def tell(self, told: SeedTold) -> None:
        """A line about one seed."""
        lasted = duration(told.seconds)
        match told.happened:
            case "kept":
                self.say(f"seed {told.seed}: kept from before ({lasted})")
            case "started":
                if not self._live:
                    self.say(f"seed {told.seed}: started")
            case "finished":
                self.say(f"seed {told.seed}: finished after {lasted}")
            case _:
                self.say(f"seed {told.seed}: failed after {lasted}: {told.reason}")
                for line in told.last_lines:
                    self.say(f"  | {line[:400]}")
                if told.log is not None:
                    self.say(f"  all it printed: {told.log}")

    def between(self, answer: SeedsJudged) -> None:
        """The answer of a look, before seeds are added."""
        self.say(
            f"Look at {count(len(answer.seeds), 'seed')}: {answer.record.headline}. Going on to the next look."
        )

    def show(self, progress: Progress) -> None:
        """How far it is, in the last line of a terminal."""
        if not self._live:
            return
        running = [f"seed {seed} {duration(took)}" for seed, took in sorted(progress.running.items())]
        parts = [f"{progress.done} of {count(progress.whole, 'seed')} done"]
        if running:
            parts.append(f"running: {listed(running, _SHOWN_RUNNING)}")
        if progress.left_s is not None:
            parts.append(f"about {duration(progress.left_s)} left")
        self._clear()
        print(", ".join(parts)[:160], end="", file=sys.stderr, flush=True)
        self._shown = True

    def say(self, text: str) -> None:
        """A line that stays."""
        self._clear()
        print(clean(text), file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._shown:
            print("\r\x1b[2K", end="", file=sys.stderr)
            self._shown = False


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(0.42), duration(75), duration(7500)
    ('0.4 s', '1 min 15 s', '2 h 5 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
