"""Events of OpenLineage, made by hand after its public schema (RunEvent 2-0-2)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

AT = datetime(2026, 5, 12, 14, 2, tzinfo=UTC)
DAG = str(UUID(int=1, version=4))
TRAIN = str(UUID(int=2, version=4))


def lineage_event(
    kind, *, run=TRAIN, job="train_model", at=AT, minutes=0, tags=None, parent=None, error="", **facets
):
    """One RunEvent; `parent` is the id of the run that started it, `tags` are those of the run."""
    if tags:
        facets["tags"] = {
            "tags": [{"key": key, "value": value, "source": "USER"} for key, value in tags.items()]
        }
    if parent:
        facets["parent"] = {"run": {"runId": parent}, "job": {"namespace": "ml", "name": "nightly"}}
    if error:
        facets["errorMessage"] = {"message": error, "programmingLanguage": "python"}
    return {
        "eventType": kind,
        "eventTime": (at + timedelta(minutes=minutes)).isoformat(),
        "run": {"runId": run, "facets": facets},
        "job": {"namespace": "ml", "name": job, "facets": {}},
        "inputs": [],
        "outputs": [],
        "producer": "https://example.org/pipelines",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }
