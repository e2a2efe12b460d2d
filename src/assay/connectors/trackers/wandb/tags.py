"""What a run says beside its configuration, as tags: the same from its log and from a server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_TAG = re.compile(r"(assay\.[a-z_]+)[=:](.*)\Z", re.DOTALL)
_KEPT = ("entity", "project", "group", "job_type", "sweep", "notes", "host")


def tags_of(texts: Mapping[str, str], labels: Iterable[str], commit: str) -> dict[str, str]:
    """Which tags does a run have? W&B's tags are labels without a value; one such as `assay.ticket=EXP-1` says both.

    Args:
        texts: by `_KEPT`'s names, what is known of these.
        labels: W&B's tags.
        commit: of git; empty when unknown.

    >>> tags_of({"project": "depth", "group": ""}, ["wide", "assay.arm=baseline"], "")
    {'wandb.project': 'depth', 'assay.arm': 'baseline', 'wandb.tags': 'wide'}
    """
    tags = {f"wandb.{name}": texts[name] for name in _KEPT if texts.get(name)}
    plain = []
    for label in labels:
        if found := _TAG.match(label):
            tags[found.group(1)] = found.group(2)
        else:
            plain.append(label)
    if plain:
        tags["wandb.tags"] = ", ".join(plain)
    if commit:
        tags["git.commit"] = commit
    return tags
