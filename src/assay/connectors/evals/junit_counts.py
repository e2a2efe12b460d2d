"""Do the test cases of a JUnit report show what its suites announce? An error that only a count tells is none that passed.

Writers agree on little: attributes are missing, the suites above others sum up or count their own tests only, a test that
was run again has an element for each try. All of them announce at most what the cases inside show, unless something happened
outside of any test, or cases are lost. pytest is the exception: it counts subtests as tests, and shows those that passed nowhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from assay.connectors.evals.faults import shown
from assay.connectors.evals.table import number_of

SUITES = ("testsuite", "testsuites")
_SHOWN_BY = {
    "error": "errors", "flakyError": "errors", "rerunError": "errors",
    "failure": "failures", "flakyFailure": "failures", "rerunFailure": "failures",
    "skipped": "skipped",
}  # fmt: skip
_NOT_RUN = frozenset(("notrun", "suppressed", "disabled", "skipped"))
_MOST = 10**9
_PYTEST = "pytest tests"
"""What pytest calls the suite around all others, whatever the suite inside is called."""


@dataclass(slots=True)
class JUnitCounts:
    """What the suites that are being read hold, and where they hold less than they announce."""

    faults: list[str] = field(default_factory=list)
    cases: int = 0
    subtests: bool = False
    """Whether passed ones were announced as tests: they belong to the tests that they are part of."""
    _open: list[Counter[str]] = field(default_factory=list)
    _by_pytest: bool = False

    def begin(self, suite: ET.Element) -> None:
        """A suite begins, maybe inside another."""
        if not self._open:
            self._by_pytest = suite.get("name") == _PYTEST
        self._open.append(Counter())

    def add_case(self, case: ET.Element) -> None:
        """A test case of the innermost suite."""
        self.cases += 1
        if not self._open:
            return
        found = Counter(_SHOWN_BY.get(child.tag.rpartition("}")[2], "") for child in case)
        found["skipped"] = max(found["skipped"], int(was_not_run(case)))
        self._open[-1] += found
        self._open[-1]["tests"] += 1

    def end(self, suite: ET.Element) -> None:
        """A suite ends: what it holds counts for those around it too."""
        found = self._open.pop()
        if self._open:
            self._open[-1] += found
        tests = _announced(suite, "tests")
        if self._by_pytest and 0 < found["tests"] < tests:
            # A failed or skipped one is also announced as such, which its test has to show: all others passed.
            self.subtests = True
        elif found["tests"] < tests:
            self.faults.append(f"{found['tests']:,} of {tests:,} announced tests are there")
        name = f"suite {shown(suite.get('name', ''))}"
        for kind in ("errors", "failures", "skipped"):
            told = _announced(suite, kind)
            if found[kind] < told:
                self.faults.append(f"{name} announces {kind}: {told:,}, its test cases show {found[kind]:,}")
        outside = {child.tag.rpartition("}")[2] for child in suite} & {"error", "failure"}
        self.faults += [f"{name} ended in {one} outside of its test cases" for one in sorted(outside)]


def was_not_run(case: ET.Element) -> bool:
    """Does an attribute say that a test was not run, where there is no element for it (as for disabled tests of GoogleTest)?"""
    return not _NOT_RUN.isdisjoint((case.get("status", "").lower(), case.get("result", "").lower()))


def _announced(suite: ET.Element, kind: str) -> int:
    told = number_of(suite.get(kind, ""))
    return int(told) if told is not None and told.is_integer() and 0 <= told < _MOST else 0
