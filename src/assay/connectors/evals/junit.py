"""JUnit XML, as test runners write it: a test case is an example, whether it passed its metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from assay.connectors.evals.faults import listed, shown, unreadable
from assay.connectors.evals.files import EvalFile, content_digest
from assay.connectors.evals.json_files import decoded
from assay.connectors.evals.junit_counts import SUITES, JUnitCounts, was_not_run
from assay.connectors.evals.metric_names import metric_name
from assay.connectors.evals.reader import ReadOptions
from assay.connectors.evals.runs import FOLDER, check_fractions, example_text, file_run, moment
from assay.connectors.evals.sheet import Sheet
from assay.connectors.evals.table import MAX_LABEL, number_of
from assay.domain.experiments.evidence import Evaluation, Run
from assay.domain.kernel.metrics import Direction, Metric, Unit

PASSED, TIME = "passed", "time"
MAX_BYTES = 256 * 2**20
MAX_DEPTH = 50
_BAD = ("<!DOCTYPE", "<!ENTITY")


@dataclass(slots=True)
class _Suites:
    """The suites of one run: files of one folder and seed belong together, as runners write one file a suite."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    sheet: Sheet = field(default_factory=Sheet)
    asked: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    counts: JUnitCounts = field(default_factory=JUnitCounts)
    seed: int | None = None
    started: str | None = None


class JUnitReader:
    """`passed` is 1, or 0 after a failure; an error is kept apart; skipped tests are listed; properties are metrics or slices."""

    name = "junit"

    def recognises(self, head: bytes) -> bool:
        start = head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
        return start.startswith(b"<") and b"<testsuite" in head

    def read(self, files: Sequence[EvalFile], options: ReadOptions) -> Evaluation:
        groups: dict[tuple[str, int | None], _Suites] = {}
        for file in files:
            suites = groups.setdefault((file.folder, file.seed), _Suites())
            content = file.content()
            suites.files.append((file.name, content))
            _add_file(suites, file.name, content)
        runs, notes, examples = [], [], {}
        metrics: dict[str, Metric] = {}
        for (folder, seed), suites in groups.items():
            run = _run(suites, folder, suites.seed if seed is None else seed, options)
            runs.append(run)
            examples[run.run_id] = suites.sheet.texts
            metrics |= {one.name: one for one in _declared(suites.sheet)}
            if suites.skipped:
                notes.append(
                    f"{run.external_id}: {len(suites.skipped):,} tests were skipped and are no evidence: {listed(suites.skipped)}"
                )
            if suites.counts.subtests:
                notes.append(
                    f"{run.external_id}: more tests are announced than shown: passed subtests, which count with their test"
                )
        return Evaluation(
            runs=tuple(sorted(runs, key=lambda run: (run.seed is None, run.seed or 0))),
            metrics=tuple(metrics.values()),
            examples=examples,
            reader=self.name,
            notes=tuple(notes),
            digest=content_digest([part for suites in groups.values() for part in suites.files]),
        )


def _run(suites: _Suites, folder: str, seed: int | None, options: ReadOptions) -> Run:
    name = suites.files[0][0] if len(suites.files) == 1 else f"{len(suites.files)} files"
    scores = suites.sheet.scores(seed)
    check_fractions(options, name, scores.values(), where="properties")
    faults = [*suites.counts.faults, suites.sheet.fault()]
    where = "/".join(part for part in (folder, "" if seed is None else f"seed {seed}") if part)
    return file_run(
        suites.files[0][0] if len(suites.files) == 1 else f"{where or 'suites'} ({name})",
        content_digest=content_digest(suites.files),
        seed=seed,
        config={FOLDER: folder} if folder else {},
        scores=scores,
        scores_error="; ".join(dict.fromkeys(filter(None, faults))) or None,
        started_at=moment(suites.started),
    )


def _add_file(suites: _Suites, name: str, content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise unreadable(
            name, f"{len(content) / 2**20:.0f} MB", f"at most {MAX_BYTES // 2**20} MB", hint="write one file a suite"
        )  # fmt: skip
    text = decoded(name, content)
    bad = next((one for one in _BAD if one in text), None)
    if bad is not None:
        raise unreadable(
            name, f"{shown(bad)}, which can make a small file endless", "XML without entities",
            hint="write the report without a document type",
        )  # fmt: skip
    path: list[ET.Element] = []
    parser: ET.XMLPullParser[Any] = ET.XMLPullParser(("start", "end"))
    try:
        for start in range(0, len(text), 2**20):
            parser.feed(text[start : start + 2**20])
            _take_events(suites, name, path, parser)
        parser.close()
        _take_events(suites, name, path, parser)
    except ET.ParseError as error:
        line, column = error.position
        raise unreadable(
            name, f"broken XML at line {line}, column {column + 1}: {str(error).partition(':')[0]}", "whole XML",
            hint="write the report again; was the writing cut short?",
        ) from error  # fmt: skip


def _take_events(suites: _Suites, name: str, path: list[ET.Element], parser: ET.XMLPullParser[Any]) -> None:
    for told in parser.read_events():
        element = told[-1]
        assert isinstance(element, ET.Element)  # other events were not asked for
        _take(suites, name, path, told[0], element)


def _take(suites: _Suites, name: str, path: list[ET.Element], event: str, element: ET.Element) -> None:
    tag = element.tag.rpartition("}")[2]
    if event == "start":
        path.append(element)
        if len(path) > MAX_DEPTH:
            raise unreadable(
                name, f"elements {len(path)} deep", f"at most {MAX_DEPTH}", hint="is it a JUnit report?"
            )
        if tag in SUITES:
            suites.counts.begin(element)
        return
    path.pop()
    if tag == "testcase":
        suites.counts.add_case(element)
        _add_case(suites, name, path, element)
        element.clear()
    elif tag in SUITES:
        suites.counts.end(element)
        if tag == "testsuite":
            _add_suite(suites, element)
        element.clear()


def _add_suite(suites: _Suites, suite: ET.Element) -> None:
    seed = number_of(_properties(suite).get("seed", ""))
    if seed is not None and seed.is_integer() and abs(seed) < 2**53:
        suites.seed = int(seed)
    suites.started = suites.started or suite.get("timestamp")


def _add_case(suites: _Suites, name: str, path: list[ET.Element], case: ET.Element) -> None:
    test = _test_id(name, path, case, suites.counts.cases)
    outcomes: dict[str, ET.Element] = {}
    for child in case:  # pytest writes a failure for each failed subtest, and one that only counts them
        outcomes.setdefault(child.tag.rpartition("}")[2], child)
    if outcomes.keys().isdisjoint(("error", "failure")) and ("skipped" in outcomes or was_not_run(case)):
        suites.skipped.append(test)
        return
    repeat = suites.asked[test] = suites.asked.get(test, 0) + 1
    bad = outcomes.get("error", outcomes.get("failure"))
    told = "" if bad is None else "\n".join(part for part in (bad.get("message"), bad.text) if part)
    suites.sheet.texts.setdefault(test, example_text(test, output=told))
    if "error" in outcomes:
        suites.sheet.add_error(test, repeat)
        return
    values, labels = {PASSED: 0.0 if "failure" in outcomes else 1.0}, {}
    time = number_of(case.get("time", ""))
    if time is not None:
        values[TIME] = time
    for key, value in _properties(case).items():
        number = number_of(value)
        if number is None:
            labels[key] = value
        elif metric_name(key) not in (PASSED, TIME):
            values[metric_name(key)] = number
    suites.sheet.add(test, repeat, values, labels)


def _test_id(name: str, path: list[ET.Element], case: ET.Element, number: int) -> str:
    suite = next((one.get("name", "") for one in reversed(path) if one.tag.endswith("testsuite")), "")
    place = case.get("classname") or suite
    test = "::".join(part for part in (place, case.get("name", "")) if part)
    if not case.get("name") or len(test) > MAX_LABEL:
        raise unreadable(
            name, f"test case {number} is called {shown(case.get('name') or '')}",
            f"a name of at most {MAX_LABEL} characters", hint="name the test", field="testcase.name",
        )  # fmt: skip
    return test


def _properties(element: ET.Element) -> Mapping[str, str]:
    return {
        one.get("name", ""): (one.get("value") or one.text or "")[:MAX_LABEL]
        for one in element.findall("./{*}properties/{*}property")
        if one.get("name")
    }


def _declared(sheet: Sheet) -> list[Metric]:
    known = {
        PASSED: Metric(
            name=PASSED, direction=Direction.HIGHER, unit=Unit.FRACTION, aliases=("pass_rate", "success")
        ),
        TIME: Metric(name=TIME, direction=Direction.LOWER, unit=Unit.SECONDS),
    }
    return [known[name] for name in sheet.metrics if name in known]
