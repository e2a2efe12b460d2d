"""Back-tests that a page started and follows: one at a time and once for all servers of a database, kept as long as the runs and settings behind them are the same.

Hundreds of runs take seconds, and a page is not kept waiting for that: what is at work is told in a fragment that asks again.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from fastapi import FastAPI

from assay.errors import AssayError
from assay.workflows.actor import Actor
from assay.workflows.back_test_views import BackTestView
from assay.workflows.backtest import SEED, back_test_rules, past_digest
from assay.workflows.ports import Workspace
from assay.workflows.shared_back_tests import shared_back_test

KEPT = 8
"""Answers of this process, of a few hundred kilobytes each."""
PATIENCE_S = 0.7
"""So long a page waits for an answer before it says that rules are being replayed."""
LONGEST_S = 240.0
"""So long somebody without JavaScript waits: 3,000 runs may take minutes."""


@dataclass(slots=True)
class BackTestJob:
    """How far one back-test is."""

    digest: str
    """Of the runs and settings that it is about."""
    doing: str = ""
    """The rule that is being replayed; empty before the first."""
    done: int = 0
    total: int = 0
    view: BackTestView | None = None
    problem: str = ""
    over: threading.Event = field(default_factory=threading.Event)


class BackTests:
    """The back-tests of this process by project and number of runs."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[tuple[str, int], BackTestJob] = OrderedDict()
        self._lock = threading.Lock()
        self._name = uuid.uuid4().hex
        """Tells this server from others of the same database."""
        self._turn = threading.Lock()
        """One at a time: they would only slow one another down, and all other pages with them."""

    def ask(
        self, ws: Workspace, actor: Actor, slug: str, newest: int, *, patience_s: float = 0.0
    ) -> BackTestJob:
        """The back-test of this project as it is now; begun unless there is one, and waited for so many seconds.

        One that failed is told once, and begun anew by who asks again.

        Raises:
            NotFound: there is no such project.
        """
        digest = past_digest(ws, actor, slug, newest=newest)
        key = (slug, newest)
        with self._lock:
            job = self._jobs.pop(key, None)
            if job is not None and job.problem:
                return job
            is_new = job is None or job.digest != digest
            if job is None or is_new:
                job = BackTestJob(digest)
            self._jobs[key] = job
            while len(self._jobs) > KEPT:
                self._jobs.popitem(last=False)
        if is_new:
            threading.Thread(
                target=self._run,
                args=(ws, actor, slug, newest, job),
                name=f"assay-backtest-{slug}",
                daemon=True,
            ).start()
        job.over.wait(patience_s)
        return job

    def under_way(self, slug: str, newest: int) -> BackTestJob | None:
        """The one that is being worked out; None where there is none any more."""
        job = self._jobs.get((slug, newest))
        return None if job is None or job.over.is_set() else job

    def _run(self, ws: Workspace, actor: Actor, slug: str, newest: int, job: BackTestJob) -> None:
        def work(still_at_it: Callable[[], None]) -> BackTestView:
            def at_work(rule: str, done: int, total: int) -> None:
                job.doing, job.done, job.total = rule, done, total
                still_at_it()

            return back_test_rules(
                ws,
                actor,
                slug,
                chance=lambda: np.random.default_rng(SEED),
                newest=newest,
                at_work=at_work,
            )

        try:
            with self._turn:
                job.view = shared_back_test(
                    ws,
                    slug,
                    newest=newest,
                    digest=job.digest,
                    worker=self._name,
                    work=work,
                    wait=time.sleep,
                )
        except AssayError as error:
            job.problem = error.message
        except Exception:
            job.problem = "the back-test stopped unexpectedly; see the server's log"
            raise
        finally:
            job.over.set()


def back_tests(app: FastAPI) -> BackTests:
    """The back-tests of this application."""
    found: BackTests | None = getattr(app.state, "back_tests", None)
    if found is None:
        found = app.state.back_tests = BackTests()
    return found
