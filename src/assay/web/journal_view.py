"""Whether the journal holds, in plain words."""

from __future__ import annotations

from assay.web import wording
from assay.web.contexts.lists import VerifyPage
from assay.workflows.journal import JournalReport


def verify_page(report: JournalReport, slug: str) -> VerifyPage:
    """The report as a page."""
    faults = [f"Checkpoint {fault.position}: {fault.reason}" for fault in report.checkpoint_faults]
    faults += [f"{fault.ticket} of {fault.project}: {fault.reason}" for fault in report.record_faults]
    if report.fault is not None:
        faults.insert(0, str(report.fault))
    later = report.entries - report.covered
    if report.ok:
        headline = "The journal holds"
        detail = f"Every one of {wording.plural(report.entries, 'entry', 'entries')} follows from the one before it."
    else:
        headline = "The journal does not hold"
        detail = "Something was altered, removed or rewritten. Compare it with a backup and with checkpoints kept elsewhere."
    if report.ok and later:
        detail += f" The newest {wording.plural(later, 'entry is', 'entries are')} not under a signed checkpoint yet."
    return VerifyPage(
        ok=report.ok,
        headline=headline,
        detail=detail,
        facts=(
            ("Entries", f"{report.entries:,}"),
            ("Under a signed checkpoint", f"{report.covered:,}"),
            ("Checkpoints", f"{report.checkpoints:,}"),
            ("Newest hash", report.head),
            ("Tree root", report.root),
        ),
        faults=tuple(faults),
        back=f"/p/{slug}/journal",
    )
