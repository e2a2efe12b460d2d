"""Reads MLflow: its SQLite and PostgreSQL tables directly, anything else through its server."""

from assay.connectors.trackers.mlflow.revisions import TESTED_REVISIONS
from assay.connectors.trackers.mlflow.source import MlflowSource

__all__ = ["TESTED_REVISIONS", "MlflowSource"]
