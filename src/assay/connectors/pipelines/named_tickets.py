"""Which ticket does a pipeline name? One rule for events of OpenLineage and for what an orchestrator's own API tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from assay.connectors.tracked.meaning import ticket_of
from assay.domain.kernel.ids import TICKET_TAG

MOST_TAGS = 500
LONGEST_TAG = 100
MOST_NAME = 1000


def named_ticket(tags: Iterable[Mapping[str, str]], names: Iterable[object]) -> str | None:
    """The key of the first tag that names one, else of the first name that begins with one.

    Args:
        tags: of the run, of its job, in the order in which they count.
        names: of the run, of the job, of where it lives; what is no text names nothing.

    >>> named_ticket([{}, {"assay.ticket": "EXP-7"}], ["EXP-42_nightly"]), named_ticket([{}], ["x", "EXP-42_nightly", None])
    ('EXP-7', 'EXP-42')
    """
    by_tag = (ticket_of(some, "") for some in tags)
    by_name = (ticket_of({}, name[:MOST_NAME]) for name in names if isinstance(name, str))
    return next((key for key in (*by_tag, *by_name) if key is not None), None)


def ticket_tag(labels: object) -> dict[str, str]:
    """The tag `assay.ticket` among labels of one word, such as `assay.ticket:EXP-42` or `assay.ticket=EXP-42`.

    >>> ticket_tag(["depth", "assay.ticket:EXP-42"]), ticket_tag(None)
    ({'assay.ticket': 'EXP-42'}, {})
    """
    return dict(
        found
        for label in (labels[:MOST_TAGS] if isinstance(labels, list) else ())
        for found in tag_in(label, None)
    )


def tag_in(key: object, value: object) -> Iterator[tuple[str, str]]:
    """The tag `assay.ticket`, where this is it: as a name with its value, or both in the name."""
    if not isinstance(key, str):
        return
    name, separator, rest = key.replace("=", ":", 1).partition(":")
    if separator and name.strip() == TICKET_TAG:
        yield TICKET_TAG, rest[:LONGEST_TAG]
    elif key == TICKET_TAG and isinstance(value, str):
        yield key, value[:LONGEST_TAG]
