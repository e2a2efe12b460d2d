"""The links of a ticket as plain data: `{blocks: [EXP-3], needs_data: [DATA-7]}`, by how they relate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assay.domain.experiments.experiment import LinkKind
from assay.domain.experiments.fields import as_list, as_mapping
from assay.domain.experiments.ticket_data import LIST_MAX, read_ticket_key

WRITTEN = tuple(kind for kind in LinkKind if kind is not LinkKind.USES_BASELINE_OF)
"""The relations that people write; the other one follows from the baseline."""


def links_to_data(links: Iterable[tuple[LinkKind, str]]) -> dict[str, Any]:
    """How are outgoing links written on a ticket? `links` with the keys by relation; nothing without any.

    >>> links_to_data([(LinkKind.BLOCKS, "EXP-3"), (LinkKind.BLOCKS, "EXP-4")])
    {'links': {'blocks': ['EXP-3', 'EXP-4']}}
    """
    listed = list(links)
    found = {kind.value: [key for given, key in listed if given is kind] for kind in WRITTEN}
    written = {name: keys for name, keys in found.items() if keys}
    return {"links": written} if written else {}


def links_from_data(data: object) -> tuple[tuple[LinkKind, str], ...]:
    """Which links does this data mean?

    Raises:
        Invalid: `field` is the entry at fault, such as `links.blocks[0]`.
    """
    if data is None:
        return ()
    fields = as_mapping(data, "links", known=[kind.value for kind in WRITTEN])
    found = {
        (LinkKind(name), read_ticket_key(value, f"links.{name}[{index}]")): None
        for name, keys in fields.items()
        for index, value in enumerate(as_list(keys, f"links.{name}", limit=LIST_MAX))
    }
    return tuple(found)
