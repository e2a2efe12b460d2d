"""Which schema revisions of MLflow's tables are read directly, and why only those."""

from __future__ import annotations

# Alembic revision of the store to the releases that leave it there. A revision enters this list when
# tests/contract/test_mlflow_revisions.py has made a store at that very revision and read it back: the columns read
# here are then known to exist and to mean what they mean today. Any other store is read through its server.
TESTED_REVISIONS: dict[str, str] = {
    "0584bdc529eb": "2.22",
    "6953534de441": "3.1",
    "71994744cf8e": "3.4",
    "bf29a5ff90ea": "3.6",
    "1bd49d398cd23": "3.8",
    "1b5f0d9ad7c1": "3.10",
    "7d34483879f0": "3.12",
    "b7e4c1a90f23": "3.14",
    "b7e2c1a4d9f3": "3.16",
    "dc11669786a5": "3.17",
}

# Every column that is read. A store that lacks one is not the schema its revision claims.
COLUMNS_READ: dict[str, tuple[str, ...]] = {
    "experiments": ("experiment_id", "name"),
    "runs": (
        "run_uuid",
        "name",
        "status",
        "start_time",
        "end_time",
        "lifecycle_stage",
        "artifact_uri",
        "experiment_id",
    ),
    "metrics": ("run_uuid", "key", "step", "timestamp", "value", "is_nan"),
    "params": ("run_uuid", "key", "value"),
    "tags": ("run_uuid", "key", "value"),
    "inputs": ("input_uuid", "source_type", "source_id", "destination_type", "destination_id"),
    "input_tags": ("input_uuid", "name", "value"),
    "datasets": ("dataset_uuid", "name", "digest"),
}
