"""An event of OpenLineage, as it travels."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class LineageEventBody(BaseModel):
    """A RunEvent of OpenLineage, in any version of its schema. Facets that are not known here are passed over.

    Events about a job or a data set alone are taken and not kept.
    """

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    event_type: Any = Field(
        default=None, alias="eventType", description="START, RUNNING, COMPLETE, ABORT, FAIL or OTHER."
    )
    event_time: Any = Field(default=None, alias="eventTime", description="When it happened, with its zone.")
    run: Any = Field(default=None, description="runId, and facets such as parent, tags and errorMessage.")
    job: Any = Field(default=None, description="namespace, name, and facets such as tags and jobType.")
