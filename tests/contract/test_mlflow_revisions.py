"""Every schema revision that is read directly was made by MLflow's own migrations and read back."""

import re
import sqlite3
import warnings

import pytest

from assay.connectors.trackers.mlflow import TESTED_REVISIONS, MlflowSource
from assay.errors import Unavailable
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.support.mlflow_client import client_of, quiet

RUN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """Stores left at each tested revision on the way to the newest one; two tables exist before all migrations."""
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase
    from sqlalchemy import create_engine

    folder = tmp_path_factory.mktemp("revisions")
    client_of(f"sqlite:///{folder}/quiet.db")
    made = {}
    for revision in TESTED_REVISIONS:
        path = folder / f"{revision}.db"
        engine = create_engine(f"sqlite:///{path}")
        InitialBase.metadata.create_all(engine)
        engine.dispose()
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            command.upgrade(_get_alembic_config(f"sqlite:///{path}"), revision)
        made[revision] = path
    return made


@pytest.mark.slow
@pytest.mark.parametrize("revision", list(TESTED_REVISIONS))
def test_store_at_a_listed_revision_is_read_in_full(migrated, revision):
    path = migrated[revision]
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(revision,)]
        database.execute(
            "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'EXP-5 sweep', 'active')"
        )
        database.execute(
            "INSERT INTO runs (run_uuid, name, source_type, status, start_time, end_time, lifecycle_stage, artifact_uri,"
            " experiment_id) VALUES (?, 'first', 'LOCAL', 'FINISHED', 1790000000000, 1790003600000, 'active', '/x', 1)",
            (RUN,),
        )
        for step, value, is_nan in ((0, 0.5, 0), (1, 0.0, 1), (2, 1.7976931348623157e308, 0)):
            database.execute(
                "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('loss', ?, 1790000000000, ?, ?, ?)",
                (value, RUN, step, is_nan),
            )
        database.execute("INSERT INTO params (key, value, run_uuid) VALUES ('seed', '4', ?)", (RUN,))
        database.execute("INSERT INTO tags (key, value, run_uuid) VALUES ('assay.devices', '2', ?)", (RUN,))
        database.execute(
            "INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source)"
            " VALUES ('d', 1, 'digits', '7f', 'local', '{}')"
        )
        database.execute(
            "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id)"
            " VALUES ('i', 'DATASET', 'd', 'RUN', ?)",
            (RUN,),
        )
        database.execute(
            "INSERT INTO input_tags (input_uuid, name, value) VALUES ('i', 'mlflow.data.context', 'eval')"
        )
    database.close()
    synced = Synced(Source(id=1, project_id=1, name="old", kind="mlflow", uri=str(path)))
    synced.sync(MlflowSource())
    run = synced.runs[RUN]
    assert (run.ticket, run.seed, run.gpu_hours, run.dataset) == ("EXP-5", 4, 2.0, "digits@7f")
    assert repr(run.curves["loss"].values.tolist()) == "[0.5, nan, inf]"
    assert synced.sync(MlflowSource()) == []


def test_store_of_an_unknown_revision_is_refused_with_the_way_round_it(tmp_path):
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        database.execute("INSERT INTO alembic_version VALUES ('ffffffffffff')")
        database.execute("CREATE TABLE runs (run_uuid)")
    database.close()
    source = Source(id=1, project_id=1, name="new", kind="mlflow", uri=str(path))
    with pytest.raises(Unavailable, match="schema revision 'ffffffffffff' was not tested") as told:
        list(MlflowSource().changes(source, dict))
    assert "mlflow server" in told.value.hint
    assert re.search(r"assay connect mlflow http", told.value.hint)
