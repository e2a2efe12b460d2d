"""From an OpenLineage event to what it says of a run, by the public schema (RunEvent 2-0-2 and its facets).

The ticket is, first hit wins: the tag `assay.ticket` of the run, of its job, a job name that is a ticket key or begins with
one, a namespace that does, then the same of the run that started it, and of the one at the root. A tag of Airflow is one word,
so `assay.ticket:EXP-42` and `assay.ticket=EXP-42` are read as name and value too.

An event may carry any facet of anybody: only what is named here is read, and of that only what has the form the schema gives it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from assay.connectors.pipelines.named_tickets import MOST_NAME, MOST_TAGS, named_ticket, tag_in
from assay.domain.experiments.experiment import web_address
from assay.domain.experiments.pipeline_jobs import JobEvent, JobNews
from assay.domain.kernel.plain_text import without_control
from assay.domain.kernel.time import utc
from assay.errors import Invalid

MOST_ERROR = 280
MOST_URL = 2000
MOST_MAPPED = 1_000_000
LONGEST_UUID = 60
EARLIEST_YEAR, LATEST_YEAR = 1990, 9998
_NEWS = {
    "START": JobNews.BEGUN,
    "RUNNING": JobNews.GOING,
    "COMPLETE": JobNews.COMPLETED,
    "FAIL": JobNews.FAILED,
    "ABORT": JobNews.ABORTED,
    "OTHER": JobNews.OTHER,
}
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?(Z|z|[+-][0-9]{2}:?[0-9]{2})"
)
_MORE_THAN_MICROSECONDS = re.compile(r"([.,][0-9]{6})[0-9]+")
Data = Mapping[str, Any]


def read_event(event: Data) -> JobEvent | None:
    """What does this event say of a run? None where it is about a job or a data set alone.

    Raises:
        Invalid: it is no event of OpenLineage; the field is named.
    """
    if "run" not in event and ("job" in event or "dataset" in event):
        _time(event.get("eventTime"))
        return None
    run, job = _part(event, "run"), _part(event, "job")
    facets = _facets(run)
    parent = _object(facets.get("parent"))
    return JobEvent(
        run_id=_run_id(run.get("runId"), "run.runId"),
        namespace=_name(job.get("namespace"), "job.namespace"),
        job=_name(job.get("name"), "job.name") + _index(facets),
        news=_news(event.get("eventType")),
        at=_time(event.get("eventTime")),
        ticket=_ticket(run, job, parent),
        parent=_parent(parent),
        error=_error(facets),
        url=_url(facets),
        tool=_tool(_facets(job)),
    )


def _part(event: Data, name: str) -> Data:
    found = event.get(name)
    if isinstance(found, dict):
        return found
    raise _refused(
        name, _shown(found) if name in event else "nothing", "an object, as in a RunEvent of OpenLineage"
    )


def _object(found: object) -> Data:
    return found if isinstance(found, dict) else {}


def _facets(thing: Data) -> Data:
    return _object(thing.get("facets"))


def _run_id(found: object, field: str) -> str:
    try:
        if isinstance(found, str) and len(found) <= LONGEST_UUID:
            return str(UUID(found))
    except ValueError:
        pass
    raise _refused(field, _shown(found), "a UUID such as 3b452093-782c-4ef2-9c0c-aafe2aa6f34d")


def _name(found: object, field: str) -> str:
    if isinstance(found, str) and found.strip() and len(found) <= MOST_NAME:
        return without_control(found.strip())
    raise _refused(field, _shown(found), f"a text of 1 to {MOST_NAME} characters")


def _news(found: object) -> JobNews:
    if found is None:
        return JobNews.OTHER  # the schema asks for no type
    if isinstance(found, str) and found.upper() in _NEWS:
        return _NEWS[found.upper()]
    raise _refused("eventType", _shown(found), f"one of: {', '.join(_NEWS)}")


def _time(found: object) -> datetime:
    if isinstance(found, str) and _TIME.fullmatch(found) is not None:
        try:
            at = datetime.fromisoformat(_MORE_THAN_MICROSECONDS.sub(r"\1", found).replace(",", ".").upper())
            if EARLIEST_YEAR <= at.year <= LATEST_YEAR:
                return utc(at)
        except (ValueError, OverflowError):
            pass
    raise _refused("eventTime", _shown(found), "a time with its zone, such as 2026-05-12T14:02:00Z")


def _ticket(run: Data, job: Data, parent: Data) -> str | None:
    for ran, of in (
        (run, job),
        *((_object(up.get("run")), _object(up.get("job"))) for up in (parent, _object(parent.get("root")))),
    ):
        found = named_ticket((_tags(ran), _tags(of)), (of.get("name"), of.get("namespace")))
        if found is not None:
            return found
    return None


def _tags(thing: Data) -> Mapping[str, str]:
    return dict(_each_tag(_object(_facets(thing).get("tags")).get("tags")))


def _each_tag(found: object) -> Iterator[tuple[str, str]]:
    for tag in found[:MOST_TAGS] if isinstance(found, list) else ():
        yield from tag_in(_object(tag).get("key"), _object(tag).get("value"))


def _index(facets: Data) -> str:
    """Of a mapped task of Airflow which of them it is: they bear one name, and none is a second try of another."""
    index = _object(_object(facets.get("airflow")).get("taskInstance")).get("map_index")
    return f"[{index}]" if type(index) is int and 0 <= index < MOST_MAPPED else ""


def _parent(parent: Data) -> str | None:
    found = _object(parent.get("run")).get("runId")
    return None if found is None else _run_id(found, "run.facets.parent.run.runId")


def _error(facets: Data) -> str:
    """The first line that says something; traces of the stack stay where they are."""
    message = _object(facets.get("errorMessage")).get("message")
    lines = message[:20_000].splitlines() if isinstance(message, str) else ()
    return next((without_control(line.strip())[:MOST_ERROR] for line in lines if line.strip()), "")


def _url(facets: Data) -> str:
    """Where Airflow says that the log is."""
    url = _object(_object(facets.get("airflow")).get("taskInstance")).get("log_url")
    try:
        return web_address(url) if isinstance(url, str) and len(url) <= MOST_URL else ""
    except ValueError:
        return ""  # no page may link to it


def _tool(facets: Data) -> str:
    found = _object(facets.get("jobType")).get("integration")
    return without_control(found.strip())[:40] if isinstance(found, str) else ""


def _shown(found: object) -> str:
    if isinstance(found, str):
        return ascii(found) if len(found) <= 60 else f"a text of {len(found)} characters"
    kinds = {dict: "an object", list: "a list", type(None): "nothing"}
    return kinds.get(type(found), ascii(found)[:40])


def _refused(field: str, found: str, expected: str) -> Invalid:
    return Invalid(
        f"cannot read OpenLineage event: {field} is {found} (expected {expected})",
        hint="have a client of OpenLineage send it: docs/pipelines.md",
        code="lineage-event-malformed",
        field=field,
    )
