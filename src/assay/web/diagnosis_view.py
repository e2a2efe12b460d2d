"""Why a team does not ship, in plain words."""

from __future__ import annotations

from assay.web import wording
from assay.web.contexts.diagnosis import CauseLine, DiagnosisPage, TicketLink
from assay.web.contexts.ticket_form import Choice
from assay.workflows.diagnosis import CauseView, DiagnosisView

WINDOWS = (14, 30, 42, 90, 180, 365)
MOST_TICKETS = 12
_STANDINGS = {
    "holds": ("holds", "kill", "warning"),
    "healthy": ("healthy", "promote", "check"),
    "not_known": ("not known yet", "iterate", "question"),
    "does_not_hold": ("does not hold", "", "cross"),
}


def diagnosis_page(slug: str, view: DiagnosisView, *, csrf_token: str) -> DiagnosisPage:
    """Everything the page prints."""
    wrong = [one for one in view.causes if one.standing == "holds" and not one.is_healthy]
    unknown = [one for one in view.causes if one.standing == "not_known"]
    return DiagnosisPage(
        headline=_headline(view, wrong),
        detail=f"{wording.plural(view.decided, 'experiment')} decided since {wording.day(view.since)}, {view.shipped} promoted. "
        + (f"Of {wording.plural(len(unknown), 'cause')} the data cannot tell yet." if unknown else ""),
        causes=tuple(_line(slug, one, view.days) for one in view.causes),
        windows=tuple(
            Choice(str(one), f"{one} days", one == view.days) for one in sorted({*WINDOWS, view.days})
        ),
        days=view.days,
        here=f"/p/{slug}/diagnosis",
        csrf_token=csrf_token,
        flow_href=f"/p/{slug}/flow",
        backtest_href=f"/p/{slug}/backtest",
    )


def _headline(view: DiagnosisView, wrong: list[CauseView]) -> str:
    shipped = "Nothing was shipped" if not view.shipped else f"{view.shipped} shipped"
    if not wrong:
        return f"{shipped}; no usual cause of delay is shown by the data."
    holds = "holds" if len(wrong) == 1 else "hold"
    return f"{shipped}; {wording.plural(len(wrong), 'usual cause')} of delay {holds}, the worst first."


def _line(slug: str, one: CauseView, days: int) -> CauseLine:
    is_good = one.is_healthy and one.standing == "holds"
    word, tone, icon = _STANDINGS["healthy" if is_good else one.standing]
    to_mend = one.standing == "holds" and not one.is_healthy
    return CauseLine(
        cause=one.cause,
        claim=one.claim,
        word=word,
        tone=tone,
        icon=icon,
        speaks_for=one.speaks_for,
        speaks_against=one.speaks_against,
        missing=one.missing,
        fix=one.fix if to_mend or is_good else "",
        action=f"/p/{slug}/diagnosis/{one.cause}/ticket?days={days}"
        if to_mend and not one.fix_ticket
        else "",
        made=None if one.fix_ticket is None else _link(slug, one.fix_ticket),
        tickets=tuple(_link(slug, key) for key in one.tickets[:MOST_TICKETS]),
        tickets_left_out=max(0, len(one.tickets) - MOST_TICKETS),
    )


def _link(slug: str, key: str) -> TicketLink:
    return TicketLink(key=key, href=f"/p/{slug}/t/{key}")
