"""`assay.experiment`: begins a training run that is evidence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from assay.sdk.experiment import ExperimentRun
from assay.sdk.processes import rank_here
from assay.sdk.run_folder import place_of, with_tracker
from assay.sdk.run_head import head_of


def experiment(
    ticket: str,
    *,
    seed: int | None = None,
    config: Any = None,
    name: str = "",
    arm: str | None = None,
    dataset: str | None = None,
    devices: float | None = None,
    rank: int | None = None,
    tags: Mapping[str, str] | None = None,
    project: str | None = None,
    home: str | os.PathLike[str] | None = None,
    tracker: str | None = None,
    sync: bool = True,
    quiet: bool = False,
    strict: bool = False,
) -> ExperimentRun:
    """Begin a run of this ticket, and keep what it logs.

    Args:
        ticket: such as `EXP-42`.
        seed: of the training; runs that differ in nothing else form one seed group.
        config: parameters by name, nested or not; an `argparse.Namespace` or a data class will do.
        name: what people call the run.
        arm: `baseline`, or the name of another arm; else the run is a candidate.
        dataset: what it is evaluated on, with version, such as `support-eval@3`.
        devices: how many devices it occupies, for compute; else one for each process of a distributed training, else those
            that PyTorch or CUDA_VISIBLE_DEVICES show, else unknown.
        rank: which process of a distributed training this is; else RANK where WORLD_SIZE is more than 1. The first, 0, begins
            the run; in the others the same calls keep nothing, so that one training is one run.
        tags: further texts by name.
        project: whose ticket it is; else the project in use.
        home: the installation; else ASSAY_HOME, else the nearest `.assay` here or above, else runs go to `./assay-runs`.
        tracker: `mlflow` (the one of MLFLOW_TRACKING_URI, else a file in the home) or the address of an MLflow that gets the
            run; else what the settings say; else the run log is what is read.
        sync: have the installation read the run when it ends, and show the verdict so far; without, the next sync reads it.
        quiet: print nothing at the end.
        strict: raise where something is logged that is no number, instead of counting it.

    Returns:
        The open run, to be used in a `with` block or ended by `finish`.

    Raises:
        Invalid: ticket, seed, project or tracker is malformed.
        NotFound: no project is in use, and none was named.
        Unavailable: nothing can be written where runs are kept.
    """
    place = with_tracker(place_of(project, home), tracker)
    head = head_of(
        ticket,
        seed=seed,
        config=config,
        name=name,
        arm=arm,
        dataset=dataset,
        devices=devices,
        tags=tags,
        project=place.project,
    )
    if place.tracker:
        head["tracker"] = place.tracker
    if process := rank_here(rank):
        from assay.sdk.other_process import OtherProcess

        return OtherProcess(place, head, process, strict=strict)
    return ExperimentRun(place, head, sync=sync, quiet=quiet, strict=strict)
