"""What do the checks of a gate answer where there is nothing to judge?"""

from __future__ import annotations

from assay.domain.gates.case import Checked
from assay.domain.gates.checks.claims import invalid
from assay.domain.kernel.findings import Outcome, Settlement


def undeclared(name: str) -> Checked:
    """The answer for a metric of which nobody says which way is better."""
    return invalid(
        f"nothing says whether higher or lower {name} is better",
        f"declare it in the gate file, such as metrics: {{{name}: {{direction: higher}}}}",
    )


def nothing_measured() -> Checked:
    """The answer when the candidate has no run at all."""
    return Checked(
        Outcome.NO_EVIDENCE,
        "none",
        "the candidate has no run",
        settle=Settlement(kind="runs", text="results of the candidate"),
    )
