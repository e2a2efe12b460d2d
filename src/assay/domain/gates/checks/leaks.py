"""Is the evaluation set absent from the training data? Any exact overlap fails; near-duplicates are reported or limited."""

from __future__ import annotations

from assay.domain.experiments.exact_numbers import percent_text
from assay.domain.gates.case import Checked
from assay.domain.gates.gate import LeakageCheck
from assay.domain.gates.gate_case import GateCase, Judged
from assay.domain.gates.gate_record import GatePart
from assay.domain.gates.overlap import Overlap
from assay.domain.gates.wording import count, listed
from assay.domain.kernel.findings import Counts, Lacks, Outcome, Settlement

METHOD = "census of the evaluation set"


def check_leakage(check: LeakageCheck, case: GateCase, number: int) -> Judged:
    """Which examples of the evaluation set stand in the training data?"""
    found = case.overlaps.get(number)
    if found is None:
        settle = Settlement(
            kind="measure", text=f"send the training data along (--files FOLDER): {listed(check.against)}"
        )
        reason = f"no training data was looked through: {listed(check.against)} did not come along"
        return Judged(Checked(Outcome.NO_EVIDENCE, METHOD, reason, settle=settle))
    return Judged(_answer(check, found), _parts(found))


def _answer(check: LeakageCheck, found: Overlap) -> Checked:
    exact, near = found.exact, found.near
    looked = f"{count(found.examined, 'example')} against {count(found.training, 'training row')}, by {found.compared}"
    allowed = None if check.near_limit is None else float(check.near_limit) * found.examined
    if exact:
        outcome = Outcome.NOT_MET
        reason = f"{count(len(exact), 'example')} of the evaluation set {'stands' if len(exact) == 1 else 'stand'} in the training data: {listed(exact)}"
    elif check.near_limit is not None and allowed is not None and len(near) > allowed:
        outcome = Outcome.NOT_MET
        reason = f"{count(len(near), 'near-duplicate')} (expected at most {percent_text(check.near_limit)} of the examples): {listed(near)}"
    elif found.examined == 0 or found.training == 0:
        outcome, reason = Outcome.NO_EVIDENCE, f"nothing to compare: {looked}"
    else:
        outcome, reason = Outcome.MET, f"no exact overlap: {looked}"
    notes = found.notes
    if near and outcome is Outcome.MET:
        notes = (*notes, f"{count(len(near), 'near-duplicate')}: {listed(near)}")
    settle = (
        Settlement(kind="mend", text="take those examples out of the training data or the evaluation set")
        if outcome is Outcome.NOT_MET
        else None
    )
    return Checked(
        outcome,
        METHOD,
        reason,
        point=outcome,
        estimate=float(len(exact)),
        threshold=0.0,
        n=Counts(examples=found.examined),
        lacks=None if outcome is Outcome.NO_EVIDENCE else Lacks.CENSUS,
        settle=settle,
        would_change="" if settle else "one example of the evaluation set that stands in the training data",
        notes=notes,
    )


def _parts(found: Overlap) -> tuple[GatePart, ...]:
    same = {one: f"same text as {row}" for one, row in found.same_text}
    exact = tuple(
        GatePart(label=one, outcome=Outcome.NOT_MET, reason=same.get(one, "same id")) for one in found.exact
    )
    near = tuple(
        GatePart(
            label=one, outcome=Outcome.UNCLEAR, estimate=similarity, reason=f"{similarity:.0%} like {row}"
        )
        for one, row, similarity in found.near_text
        if one not in set(found.exact)
    )
    return exact + near
