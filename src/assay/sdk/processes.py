"""Trainings of several processes: which of them this is, and what all of them do at the same step."""

from __future__ import annotations

import os
import sys
from typing import Any


def rank_here(said: int | None) -> int:
    """Which process of a distributed training is this? 0 for the first, and for a training of one process.

    What starts such a training (torchrun, accelerate, deepspeed) sets RANK and WORLD_SIZE together. Numbers of a scheduler
    alone, such as SLURM_PROCID, may belong to trainings that have nothing to do with one another, and say nothing here.
    """
    if said is not None:
        return said
    return _whole("RANK") or 0 if processes_here() > 1 else 0


def processes_here() -> int:
    """How many processes does the training have, as far as the environment says?"""
    return _whole("WORLD_SIZE") or 1


def told_to_all(told: Any) -> Any:
    """What the first process of a distributed training says, in each of them; every one of them has to ask.

    Without PyTorch's process group it is what was said here.
    """
    distributed = getattr(sys.modules.get("torch"), "distributed", None)
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return told
    if distributed.get_world_size() == 1:
        return told
    said = [told]
    distributed.broadcast_object_list(said, src=0)
    return said[0]


def _whole(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
