"""Kill rules on the project's past runs."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.pages import Asked, Text
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.back_test_views import BackTestView
from assay.workflows.backtest import MOST_RUNS, NEWEST_RUNS, SEED, back_test_rules

router = v1_router("backtest")


class BackTestAsked(Asked):
    """Which rule, over how many runs?"""

    rule: Text | None = Field(default=None, description="Only this one, such as median; all where left out.")
    runs: Annotated[
        int,
        Field(
            ge=1, le=MOST_RUNS, description="The newest so many; 500 take seconds, 3,000 may take minutes."
        ),
    ] = NEWEST_RUNS


@router.get("/projects/{slug}/backtest", dependencies=[requires(Permission.READ)], **gives(BackTestView))
def back_test(request: Request, slug: str, asked: Annotated[BackTestAsked, Query()]) -> Response:
    """What each kill rule would have saved on past runs, which winners it would have killed, and whether it may stop runs by itself."""
    found = back_test_rules(
        workspace_of(request),
        actor_of(request),
        slug,
        chance=lambda: np.random.default_rng(SEED),
        rule=asked.rule,
        newest=asked.runs,
    )
    return answer(found)
