"""Are the operational items done? A person or a pipeline vouches for each; unknown is never a yes."""

from __future__ import annotations

from assay.domain.gates.case import Checked
from assay.domain.gates.gate import Item, ItemsCheck
from assay.domain.gates.gate_case import GateCase, Judged
from assay.domain.gates.gate_record import GatePart
from assay.domain.gates.wording import count, listed
from assay.domain.kernel.findings import Lacks, Outcome, Settlement

METHOD = "checklist"


def check_items(check: ItemsCheck, _: GateCase, __: int) -> Judged:
    """Which items are done, which are not, and of which is it not known?"""
    parts = tuple(
        GatePart(label=item.name, outcome=_outcome(item), reason=item.evidence) for item in check.items
    )
    open_ones = [item.name for item in check.items if item.done is False]
    unknown = [item.name for item in check.items if item.done is None]
    if open_ones:
        outcome, reason = Outcome.NOT_MET, f"not done: {listed(open_ones)}"
    elif unknown:
        outcome, reason = Outcome.NO_EVIDENCE, f"not known whether done: {listed(unknown)}"
    else:
        outcome, reason = Outcome.MET, f"{count(len(parts), 'item')} done"
    settle = (
        None
        if outcome is Outcome.MET
        else Settlement(kind="mend", text=f"do, or vouch for: {listed([*open_ones, *unknown])}")
    )
    change = "an item that turns out not to be done" if settle is None else settle.text
    checked = Checked(outcome, METHOD, reason, lacks=Lacks.VOUCHED, settle=settle, would_change=change)
    return Judged(checked, parts)


def _outcome(item: Item) -> Outcome:
    if item.done is None:
        return Outcome.NO_EVIDENCE
    return Outcome.MET if item.done else Outcome.NOT_MET
