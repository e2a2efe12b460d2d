"""Are the items done? Shown by files and runs where a machine can know, vouched for elsewhere; unknown is never a yes."""

from __future__ import annotations

from assay.domain.gates.case import Checked
from assay.domain.gates.gate import Item, ItemsCheck
from assay.domain.gates.gate_case import GateCase, Judged
from assay.domain.gates.gate_record import GatePart
from assay.domain.gates.item_evidence import shown_by_runs
from assay.domain.gates.wording import count, listed
from assay.domain.kernel.findings import Lacks, Outcome, Settlement

METHOD = "checklist"
_OUTCOME = {None: Outcome.NO_EVIDENCE, True: Outcome.MET, False: Outcome.NOT_MET}


def check_items(check: ItemsCheck, case: GateCase, _: int) -> Judged:
    """Which items are done, which are not, and of which is it not known?"""
    seen = [_answered(item, case) for item in check.items]
    parts = tuple(GatePart(label=item.name, outcome=_OUTCOME[item.done], reason=_why(item)) for item in seen)
    open_ones = [item for item in seen if item.done is False]
    unknown = [item for item in seen if item.done is None]
    if open_ones:
        outcome, reason = Outcome.NOT_MET, f"not done: {_told(open_ones)}"
    elif unknown:
        outcome, reason = Outcome.NO_EVIDENCE, f"not known whether done: {_told(unknown)}"
    else:
        outcome, reason = Outcome.MET, f"{count(len(parts), 'item')} done"
    settle = (
        None
        if outcome is Outcome.MET
        else Settlement(
            kind="mend", text=f"do, or {_ways(open_ones + unknown)}: {_names(open_ones + unknown)}"
        )
    )
    change = "an item that turns out not to be done" if settle is None else settle.text
    checked = Checked(outcome, METHOD, reason, lacks=Lacks.VOUCHED, settle=settle, would_change=change)
    return Judged(checked, parts)


def _answered(item: Item, case: GateCase) -> Item:
    if item.known is None:
        return item
    done, found = shown_by_runs(item.known, case)
    return item.model_copy(update={"done": done, "found": found})


def _why(item: Item) -> str:
    if item.looks_at is not None and not item.found:
        return f"{item.looks_at} was not sent"
    return "; ".join(text for text in (item.found, item.evidence) if text)


def _told(items: list[Item]) -> str:
    return listed(f"{item.name} ({item.found})" if item.found else item.name for item in items)


def _names(items: list[Item]) -> str:
    return listed(item.name for item in items)


def _ways(items: list[Item]) -> str:
    shown = [item.looks_at is not None or item.known is not None for item in items]
    if all(shown):
        return "show"
    return "show or vouch for" if any(shown) else "vouch for"
