"""Gates as tests: the fixture `assert_gate`, there for every test once Assay is installed beside pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from assay.sdk.report import GateReport

AssertGate = Callable[..., "GateReport"]


@pytest.fixture
def assert_gate(record_property: Callable[[str, object], None]) -> AssertGate:
    """Fails the test unless the gate passes; takes what `assay.gate` takes and gives its answer.

    An evaluation that settles nothing fails too, and says what would settle it. The result and the digest of the gate go
    into JUnit XML as properties of the test.

        def test_answers_stay_good(assert_gate):
            assert_gate("results/new", "results/main", gate="gate.yaml")
    """

    def check(candidate: Any, baseline: Any = None, criteria: Any = None, **more: Any) -> GateReport:
        __tracebackhide__ = True
        from assay.sdk.gates import gate

        report = gate(candidate, baseline, criteria, **more)
        record_property("assay.gate", f"{report.record.gate} v{report.record.version}")
        record_property("assay.result", report.result)
        record_property("assay.gate_digest", report.record.gate_digest)
        if not report:
            pytest.fail(str(report), pytrace=False)
        return report

    return check
