"""Which seeds does a gate run, when does it look, and what is a seed that did not finish as evidence?

Every seed that was begun counts: one that failed makes the evidence invalid until it is run again, and seeds are added
only from one registered look to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from assay.domain.experiments.evidence import Evaluation, Run, RunStatus
from assay.domain.gates.gate_record import GateRecord, GateResult
from assay.domain.gates.wording import listed
from assay.domain.kernel.canonical import digest
from assay.domain.kernel.findings import Outcome, Role
from assay.errors import Invalid

SEEDS_MAX = 1000
LARGEST_SEED = 2**53 - 1
SEED_MARK, OUT_MARK = "{seed}", "{out}"
KEY_VERSION = 1
_KEY_LENGTH = 16
_PART = re.compile(r"([0-9]{1,16})(?:-([0-9]{1,16}))?")
_EXPECTED = "a number of seeds such as 5, or seeds such as 1-5 or 1,4,7-9"


def seeds_asked(text: str) -> tuple[int, ...]:
    """Which seeds does `--seeds` name? A bare number is how many, counted from 1.

    Raises:
        Invalid: it cannot be read, names a seed twice, or none, or more than 1,000.

    >>> seeds_asked("5"), seeds_asked("1,4,7-9"), seeds_asked("0-0")
    ((1, 2, 3, 4, 5), (1, 4, 7, 8, 9), (0,))
    """
    parts = [part.strip(" ") for part in text.split(",")]
    if len(parts) == 1 and _PART.fullmatch(parts[0]) and "-" not in parts[0]:
        parts = [f"1-{parts[0]}"]
        if int(parts[0][2:]) < 1:
            raise _not_seeds(text, "it asks for no seed")
    seeds = [seed for part in parts for seed in _of_part(part, text)]
    twice = (
        [seed for seed in dict.fromkeys(seeds) if seeds.count(seed) > 1] if len(seeds) <= SEEDS_MAX else []
    )
    if twice:
        raise _not_seeds(text, f"it names {listed(f'seed {seed}' for seed in twice)} twice")
    if len(seeds) > SEEDS_MAX:
        raise _not_seeds(text, f"it names more than {SEEDS_MAX:,} seeds")
    return tuple(seeds)


def _of_part(part: str, text: str) -> Iterable[int]:
    found = _PART.fullmatch(part)
    if found is None:
        raise _not_seeds(text, f"{part[:40]!r} is no seed")
    first = int(found[1])
    last = first if found[2] is None else int(found[2])
    if last < first:
        raise _not_seeds(text, f"{part} runs backwards")
    if last > LARGEST_SEED:
        raise _not_seeds(text, f"{last} is larger than 2^53 - 1")
    return range(first, min(last, first + SEEDS_MAX) + 1)


def _not_seeds(text: str, fact: str) -> Invalid:
    return Invalid(
        f"cannot read seeds {text[:60]!r}: {fact} (expected {_EXPECTED})",
        hint="write them such as 1-5 or 1,2,3",
        code="seeds-invalid",
        field="seeds",
    )


def command_for(command: Sequence[str], seed: int, out: str) -> list[str]:
    """The command of one seed: `{seed}` and `{out}` stand for themselves only; other braces are the command's own.

    >>> command_for(["run", "--seed={seed}", '{"k": 1}', "{out}/r.csv"], 3, "results")
    ['run', '--seed=3', '{"k": 1}', 'results/r.csv']
    """
    return [word.replace(SEED_MARK, str(seed)).replace(OUT_MARK, out) for word in command]


def check_command(command: Sequence[str], *, reads_environment: bool) -> None:
    """Is it a command that can differ by seed and say where its results are?

    Raises:
        Invalid: there is none, or it names no `{seed}` or `{out}` and is not said to read them from its environment.
    """
    example = "assay gate run gate.yaml -- python evaluate.py --seed {seed} --out {out}"
    if not command or not command[0].strip():
        raise Invalid(
            "cannot run seeds: there is no command (expected one after --)",
            hint=example,
            code="evaluation-command-missing",
        )
    missing = [mark for mark in (SEED_MARK, OUT_MARK) if not any(mark in word for word in command)]
    if missing and not reads_environment:
        what = "each seed would be the same" if SEED_MARK in missing else "nobody knows where its results are"
        raise Invalid(
            f"cannot run seeds: the command has no {' and no '.join(missing)}, so {what} (expected {SEED_MARK} and {OUT_MARK})",
            hint=f"{example}; or --reads-environment, where it reads ASSAY_SEED and ASSAY_OUT",
            code="evaluation-command-incomplete",
        )


def command_key(
    command: Sequence[str], files: Mapping[str, str], environment: Mapping[str, str | None]
) -> str:
    """Under which name are the results of this command kept? It changes with whatever it is made of, and with nothing else.

    Args:
        command: as it was written, with its marks.
        files: digest of the content of every file that is watched, by name.
        environment: declared variables with the digest of their value; None where one is not set.
    """
    whole = {
        "version": KEY_VERSION,
        "command": list(command),
        "files": dict(files),
        "environment": dict(environment),
    }
    return digest(whole).removeprefix("sha256:")[:_KEY_LENGTH]


def with_failed(evaluation: Evaluation, failed: Mapping[int, str]) -> Evaluation:
    """The evaluation with the seeds that did not finish: as failed runs of every configuration there is.

    Args:
        evaluation: what the seeds that finished measured; may hold no run.
        failed: why, by seed.
    """
    if not failed:
        return evaluation
    configs = {digest(dict(run.config)): run.config for run in evaluation.runs} or {"": {}}
    runs = [
        _failed_run(seed, why, config, number)
        for seed, why in sorted(failed.items())
        for number, config in enumerate(configs.values())
    ]
    return replace(
        evaluation,
        runs=(*evaluation.runs, *runs),
        notes=(*evaluation.notes, *(f"seed {seed} failed: {why}" for seed, why in sorted(failed.items()))),
        digest=digest([evaluation.digest, *(run.digest for run in runs)]).removeprefix("sha256:"),
    )


def with_gpu_hours(evaluation: Evaluation, hours: Mapping[int, float]) -> Evaluation:
    """The evaluation with what each seed cost, so that what would settle it has a price. The cost of several runs of a seed is shared."""
    shares = {seed: sum(run.seed == seed for run in evaluation.runs) for seed in hours}
    runs = tuple(
        run
        if run.seed is None or run.seed not in hours
        else replace(
            run, gpu_hours=hours[run.seed] / shares[run.seed], gpu_hours_source="wall time x devices"
        )
        for run in evaluation.runs
    )
    return replace(evaluation, runs=runs)


def _failed_run(seed: int, why: str, config: Mapping[str, str], number: int) -> Run:
    name = f"seed {seed}"
    return Run(
        run_id=f"command:{seed}:{number}",
        source="command",
        external_id=name,
        name="the command",
        status=RunStatus.FAILED,
        config=dict(config),
        seed=seed,
        curves={},
        digest=digest([name, why, dict(config)]).removeprefix("sha256:"),
    )


def first_seeds(begun: Sequence[int], asked: Sequence[int], stages: Sequence[int]) -> tuple[int, ...]:
    """Which seeds are run before the first look, where seeds are added until it is decided? Begun ones count.

    >>> first_seeds((), range(1, 11), (3, 5)), first_seeds((1, 2, 3, 4), range(1, 11), (3, 5))
    ((1, 2, 3), (1, 2, 3, 4, 5))
    """
    look = next((stage for stage in stages if stage >= len(begun)), len(begun))
    return _as_many(begun, asked, look)


def next_seeds(
    record: GateRecord, have: Sequence[int], asked: Sequence[int], stages: Sequence[int]
) -> tuple[int, ...] | None:
    """Which seeds are there at the next look; None when it is decided, more seeds say nothing, or too few are left for it?"""
    if record.result is not GateResult.INCONCLUSIVE or not _seeds_may_settle(record):
        return None
    look = next((stage for stage in stages if stage > len(have)), None)
    if look is None:
        return None
    more = _as_many(have, asked, look)
    return more if len(more) == look else None


def _seeds_may_settle(record: GateRecord) -> bool:
    """Is anything that decides unclear? What was not measured at all stays so with any number of seeds."""
    return any(
        finding.outcome is Outcome.UNCLEAR and finding.role is not Role.SECONDARY
        for finding in record.findings
    )


def _as_many(have: Sequence[int], asked: Sequence[int], amount: int) -> tuple[int, ...]:
    fresh = [seed for seed in asked if seed not in set(have)]
    return (*have, *fresh[: max(0, amount - len(have))])


def seconds_left(took: Sequence[float], running: Sequence[float], waiting: int, jobs: int) -> float | None:
    """How long until all seeds are done, by how long those that finished took? None while none has.

    Args:
        took: seconds of each finished seed.
        running: seconds each open seed has run.
        waiting: seeds not begun.
        jobs: how many run at once.

    >>> seconds_left([60.0, 60.0], [30.0], 2, 1), seconds_left([], [5.0], 0, 1)
    (150.0, None)
    """
    if not took:
        return None
    usual = sum(took) / len(took)
    ends = sorted(max(0.0, usual - so_far) for so_far in running)
    ends += [0.0] * (max(1, jobs) - len(ends))
    for _ in range(waiting):
        ends.sort()
        ends[0] += usual
    return max(ends, default=0.0)
