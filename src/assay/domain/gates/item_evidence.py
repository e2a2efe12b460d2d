"""What do files and runs show of the items of a gate, so that nobody has to vouch for what a machine can know?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from assay.domain.experiments.evidence import Evaluation, Run, RunStatus
from assay.domain.gates.gate import Fact, Gate, Item, ItemsCheck
from assay.domain.gates.gate_case import GateCase
from assay.domain.gates.wording import count, listed

COMMIT_KEYS = ("mlflow.source.git.commit", "git_commit", "commit")
"""Where runs name the code that made them, among their tags and parameters."""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file that an item looks at.

    Attributes:
        name: as the gate names it.
        size: in bytes; None where there is no such file.
        digest: of its bytes; None where it is too large to be read for this.
        text: its words, None where it is no text or too large.
        tests: what it holds where it is a test report.
        fault: why it could not be read.
    """

    name: str
    size: int | None
    digest: str | None = None
    text: str | None = None
    tests: Evaluation | None = None
    fault: str = ""


def with_item_files(gate: Gate, seen: Iterable[FileSeen]) -> Gate:
    """The gate, its items answered by the files that were looked for; the others stay unknown.

    >>> from assay.domain.gates.gate import ItemsCheck
    >>> card = Item(name="model card", file="card.md", says=("Intended use",))
    >>> gate = Gate(name="done", checks=(ItemsCheck(items=(card,)),))
    >>> seen = FileSeen("card.md", 40, "sha256:" + "0" * 64, "# Model card: INTENDED USE and limits")
    >>> item = with_item_files(gate, [seen]).checks[0].items[0]
    >>> item.done, item.found
    (True, 'card.md is there (40 bytes, sha256:000000000000)')
    """
    files = {one.name: one for one in seen}
    if not files:
        return gate
    checks = tuple(
        check.model_copy(update={"items": tuple(_looked_at(item, files) for item in check.items)})
        if isinstance(check, ItemsCheck)
        else check
        for check in gate.checks
    )
    return gate.model_copy(update={"checks": checks})


def item_files(gate: Gate) -> tuple[str, ...]:
    """The files that its items look at."""
    named = (name for check in gate.checks if isinstance(check, ItemsCheck) for name in check.files)
    return tuple(dict.fromkeys(named))


def report_files(gate: Gate) -> frozenset[str]:
    """Those of them that are test reports."""
    items = (item for check in gate.checks if isinstance(check, ItemsCheck) for item in check.items)
    return frozenset(item.tests for item in items if item.tests is not None)


def _looked_at(item: Item, files: Mapping[str, FileSeen]) -> Item:
    seen = None if item.looks_at is None else files.get(item.looks_at)
    if seen is None:
        return item
    done, found = _tests(seen) if item.tests is not None else _document(seen, item.says)
    return item.model_copy(update={"done": done, "found": found})


def _document(seen: FileSeen, says: tuple[str, ...]) -> tuple[bool, str]:
    if seen.size is None:
        return False, f"there is no {seen.name}"
    if seen.size == 0 or (seen.text is not None and not seen.text.strip()):
        return False, f"{seen.name} is empty"
    if says and seen.text is None:
        return False, f"{seen.name} is no text that can be searched{f': {seen.fault}' if seen.fault else ''}"
    text = _plain(seen.text or "")
    missing = [words for words in says if _plain(words) not in text]
    if missing:
        return False, f"{seen.name} does not say {listed(repr(words) for words in missing)}"
    return True, f"{seen.name} is there ({_identity(seen)})"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _identity(seen: FileSeen) -> str:
    size = count(seen.size or 0, "byte")
    return size if seen.digest is None else f"{size}, {seen.digest[: len('sha256:') + 12]}"


def _tests(seen: FileSeen) -> tuple[bool, str]:
    if seen.size is None:
        return False, f"there is no {seen.name}"
    if seen.tests is None:
        return False, seen.fault or f"{seen.name} is no test report"
    faults = [run.scores_error for run in seen.tests.runs if run.scores_error is not None]
    if faults:
        return False, f"{seen.name}: {listed(faults)}"
    failed, ran = _failures(seen.tests.runs)
    if failed:
        return (
            False,
            f"{seen.name}: {count(len(failed), 'test')} of {ran:,} {_has(len(failed))} failed: {listed(failed)}",
        )
    if not ran:
        return False, f"{seen.name} holds no test that ran"
    return True, f"{seen.name}: {count(ran, 'test')} passed ({_identity(seen)})"


def _has(amount: int) -> str:
    return "has" if amount == 1 else "have"


def _failures(runs: Iterable[Run]) -> tuple[list[str], int]:
    failed, ran = [], 0
    for run in runs:
        passed = run.scores.get("passed")
        if passed is not None:
            ran += len(passed.sample_ids)
            failed += [
                name for name, value in zip(passed.sample_ids, passed.values, strict=True) if value < 1
            ]
    return failed, ran


def shown_by_runs(fact: Fact, case: GateCase) -> tuple[bool | None, str]:
    """Do the runs show it? None where there is none that could.

    Returns:
        whether it is done, and what was seen or is missing.
    """
    return _FACTS[fact](case)


def _baseline(case: GateCase) -> tuple[bool | None, str]:
    runs = [run for group in case.case.own_baselines for run in group.runs]
    finished = [run for run in runs if run.status is RunStatus.FINISHED]
    if finished:
        return True, count(len(finished), "finished baseline run")
    return None, "no finished baseline run is known"


def _seeds(case: GateCase) -> tuple[bool | None, str]:
    return _each_run(case, "names its seed", "seed", lambda run: run.seed is not None)


def _commit(case: GateCase) -> tuple[bool | None, str]:
    def named(run: Run) -> bool:
        return any(run.tags.get(key) or run.config.get(key) for key in COMMIT_KEYS)

    return _each_run(case, "names its commit", "commit", named)


def _dataset(case: GateCase) -> tuple[bool | None, str]:
    if case.gate.dataset is not None:
        return True, "the gate names it"
    return _each_run(case, "names its evaluation set", "evaluation set", lambda run: run.dataset is not None)


def _each_run(case: GateCase, says: str, noun: str, named: Callable[[Run], bool]) -> tuple[bool | None, str]:
    runs = () if case.choice.group is None else case.choice.group.runs
    if not runs:
        return None, "no run of a candidate is known"
    silent = [run.name for run in runs if not named(run)]
    if silent:
        return False, f"{listed(silent)} {'does' if len(silent) == 1 else 'do'} not name the {noun}"
    return True, f"{'the run' if len(runs) == 1 else f'each of {len(runs):,} runs'} {says}"


_FACTS: Mapping[Fact, Callable[[GateCase], tuple[bool | None, str]]] = {
    "baseline": _baseline,
    "seeds": _seeds,
    "commit": _commit,
    "dataset": _dataset,
}
