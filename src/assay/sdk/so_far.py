"""What is known of a ticket now that a run of it has ended: said in a few lines, and as a table in a notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

from assay.sdk.beside import started
from assay.sdk.run_folder import Place

PATIENCE_S = 60.0
_CELL = "padding:4px 10px;text-align:left;vertical-align:top"
_COLOUR = {"met": "#1a7f53", "not_met": "#b3324a", "no_evidence": "#6b6f76"}
_UNCLEAR = "#8f5600"


@dataclass(frozen=True, slots=True)
class SoFar:
    """The verdict so far, or why there is none to be shown. Nothing here is decided by it."""

    ticket: str
    ended: str
    """One line about the run itself."""
    verdict: dict[str, Any] | None = None
    """As the API tells it; None where there is none."""
    problem: str = ""
    """Why there is none."""
    hint: str = ""

    @property
    def recommendation(self) -> str | None:
        """`promote`, `iterate`, `kill` or `undecided`; None where there is no verdict."""
        return None if self.verdict is None else str(self.verdict["record"]["verdict"]["recommendation"])

    def __str__(self) -> str:
        lines = [self.ended]
        if self.problem:
            lines += [self.problem, f"  {self.hint}" if self.hint else ""]
        if self.verdict is not None:
            found = self.verdict["record"]["verdict"]
            lines += [self._headline(), found["detail"]]
            lines += [
                f"  {_word(one):<12} {one['check']}  {_numbers(one, shown)}".rstrip()
                for one, shown in self._findings()
            ]
            lines += [f"{advice['rule'].replace('_', ' ')}: {advice['reason']}" for advice in found["advice"]]
        return "\n".join(filter(None, lines))

    def _repr_html_(self) -> str:
        said = "".join(f"<div>{escape(text)}</div>" for text in (self.ended, self.problem, self.hint) if text)
        if self.verdict is None:
            return f"<div>{said}</div>"
        rows = "".join(_row(one, shown) for one, shown in self._findings())
        detail = escape(self.verdict["record"]["verdict"]["detail"])
        return (
            f"<div>{said}<strong>{escape(self._headline())}</strong><div>{detail}</div>"
            f'<table style="border-collapse:collapse"><tbody>{rows}</tbody></table></div>'
        )

    def _headline(self) -> str:
        assert self.verdict is not None
        found = self.verdict["record"]["verdict"]
        word, headline = found["recommendation"], found["headline"]
        return f"{self.ticket}  {headline if headline.lower().startswith(word) else f'{word}: {headline}'}"

    def _findings(self) -> list[tuple[dict[str, Any], dict[str, str]]]:
        assert self.verdict is not None
        return list(zip(self.verdict["record"]["verdict"]["findings"], self.verdict["shown"], strict=True))


def so_far(place: Place, ticket: str, ended: str) -> SoFar:
    """Have the installation read what was logged, and ask for the verdict. Whatever goes wrong is said, never raised."""
    if place.settings is None:
        return SoFar(
            ticket, ended, problem=f"There is no installation here to read it; it is kept in {place.folder}.",
            hint=f"where one is: assay connect assay {place.folder}",
        )  # fmt: skip
    asked = {
        "home": str(place.settings.home),
        "project": place.project,
        "folder": str(place.folder),
        "ticket": ticket,
        "tracker": place.tracker,
    }
    try:
        answer = _answer(asked)
    except subprocess.TimeoutExpired:
        return SoFar(ticket, ended, problem="It is still being read.", hint=f"assay verdict {ticket}")
    except (OSError, ValueError):
        return SoFar(
            ticket,
            ended,
            problem=f"It is kept in {place.folder}; reading it could not be started.",
            hint="assay sync",
        )
    problem = answer["problem"]
    if problem is None:
        return SoFar(ticket, ended, verdict=answer["verdict"])
    kept = "" if answer["report"] is not None else " Nothing is lost: the next sync reads it."
    return SoFar(ticket, ended, problem=f"{problem['message']}.{kept}", hint=problem["hint"])


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    process = started("assay.sdk.after_run")
    said, _ = process.communicate(json.dumps(asked).encode(), timeout=PATIENCE_S)
    answer: dict[str, Any] = json.loads(said)
    return answer


class EndedRun(Protocol):
    """What is told of a run."""

    head: Mapping[str, Any]
    status: str
    ended_ms: int | None
    refused: dict[str, int]

    @property
    def run_id(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def lost_calls(self) -> int: ...


def ended_line(run: EndedRun, *, unwritten: int) -> str:
    """What is to be said about a run that has ended: how, after how long, what it took, and what of it was not kept."""
    lines = []
    seconds = ((run.ended_ms or run.head["started_ms"]) - run.head["started_ms"]) / 1000
    lines.append(
        f"Run {run.run_id} {run.status} after {_duration(seconds)}. {_compute(run.head['tags'], seconds)}"
    )
    refused = sum(run.refused.values())
    if refused:
        first = next(iter(run.refused))
        what = "1 value that is no number" if refused == 1 else f"{refused:,} values that are no numbers"
        lines.append(f"Not kept: {what}; {first}.")
    if run.lost_calls:
        lines.append(f"Lost: {run.lost_calls:,} log calls, for the disk took nothing and memory was full.")
    if unwritten:
        lines.append(f"Lost: the last {unwritten:,} log calls could not be written to {run.path}.")
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    """How long is that, as people say it?

    >>> _duration(4.25), _duration(192), _duration(7980)
    ('4.2 s', '3 min 12 s', '2 h 13 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _compute(tags: dict[str, str], seconds: float) -> str:
    devices = tags.get("assay.devices")
    if devices is None:
        return "Its compute is unknown: say devices=1 to have it counted."
    hours = float(devices) * seconds / 3600
    return f"Compute: {hours:.3g} device-hours ({devices} {'device' if devices == '1' else 'devices'})."


def show(told: SoFar) -> None:
    """In a notebook as a table, elsewhere as lines."""
    shell = sys.modules.get("IPython")
    if shell is not None and shell.get_ipython() is not None:
        shell.display.display(told)
    else:
        print(told)


def _word(finding: dict[str, Any]) -> str:
    return str(finding["outcome"]).replace("_", " ")


def _numbers(finding: dict[str, Any], shown: dict[str, str]) -> str:
    if not shown["estimate"]:
        return str(finding["reason"])
    interval = f"  [{shown['interval']}]" if shown["interval"] else ""
    return f"{shown['estimate']}{interval}"


def _row(finding: dict[str, Any], shown: dict[str, str]) -> str:
    colour = _COLOUR.get(finding["outcome"], _UNCLEAR)
    mark = f'<span style="color:{colour};font-weight:600">{escape(_word(finding))}</span>'
    texts = (finding["check"], shown["estimate"], shown["interval"], finding["reason"])
    cells = [mark, *map(escape, texts)]
    return f"<tr>{''.join(f'<td style={chr(34)}{_CELL}{chr(34)}>{cell}</td>' for cell in cells)}</tr>"
