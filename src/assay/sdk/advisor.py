"""A process beside a training: it follows the run's log and says when a rule advises to stop. `python -m assay.sdk.advisor`.

On its own, for rules take processor time that a training wants for itself. It takes a request as one line of JSON, answers
with a line whenever its answer changes, and ends with its standard input, so with the training however that ends.
"""

from __future__ import annotations

import base64
import json
import select
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.connectors.trackers.run_log.reader import RunTail
from assay.domain.experiments.dossier import dossier_from_bytes
from assay.domain.experiments.evidence import Evidence, Run
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.snoozes import Snooze, asleep
from assay.domain.gates.stop_advice import PastLessons, StopAdvice, stop_advice
from assay.domain.gates.verdict import TimeInputs
from assay.domain.stopping.learned_bytes import learned_from_bytes
from assay.errors import AssayError
from assay.sdk.after_run import patiently_connected
from assay.sdk.connection import key_part

EVERY_S = 2.0
"""Between two looks at the log."""
PAUSE_TIMES = 10
"""A look that took long is followed by a pause ten times as long."""


class Rules:
    """What was known of the ticket when the run began.

    Args:
        basis: as the API tells it (`verdict/basis`).
    """

    def __init__(self, basis: dict[str, Any]) -> None:
        self.lock: Lock
        self.evidence: Evidence
        self.lock, self.evidence = dossier_from_bytes(base64.b64decode(basis["dossier"]))
        self.settings = VerdictSettings.model_validate(basis["settings"])
        self.snoozes = tuple(Snooze.model_validate(one) for one in basis.get("snoozes", ()))
        self.past = _past(basis.get("past"))
        self.at = str(basis["at"])

    def advice(self, run: Run, *, now: datetime) -> StopAdvice:
        """What they say about the run as it is now."""
        run.seen_seq = self.lock.seq + 1  # type: ignore[misc]  # no journal has seen it yet; when it began, its log says
        same = {run.external_id}
        others = tuple(
            one for one in self.evidence.runs if same.isdisjoint((one.external_id, one.tags.get("assay.run")))
        )
        evidence = Evidence(
            runs=others, baseline_runs=self.evidence.baseline_runs, detached=self.evidence.detached,
            baseline_detached=self.evidence.baseline_detached, ticket=self.evidence.ticket,
        )  # fmt: skip
        return stop_advice(
            self.lock, evidence, run, settings=self.settings, time=TimeInputs.at(now, self.lock),
            snoozed=asleep(self.snoozes, now), past=self.past,
        )  # fmt: skip


def _past(told: dict[str, Any] | None) -> PastLessons | None:
    """What past runs taught; None where the installation does not tell."""
    if told is None:
        return None
    return PastLessons(learned_from_bytes(base64.b64decode(told["learned"])), told["may_stop"], told["why"])


def rules_of(asked: dict[str, Any]) -> tuple[Rules | None, str]:
    """The rules for a run, as they are now or, where they cannot be asked for, as they were last; else why there are none.

    Args:
        asked: `home` (None without an installation), `project`, `folder`, `ticket`.
    """
    if asked["home"] is None:
        return None, "there is no installation here that knows the rules"
    key = asked["ticket"].rpartition("/")[2]
    kept = Path(asked["folder"]) / f".rules-{key}.json"
    why = ""
    try:
        with ExitStack() as stack:
            api = patiently_connected(asked, stack)
            body = api.in_project("GET", f"/tickets/{key_part(key)}/verdict/basis").body
        with suppress(OSError):  # only offline is it missed
            kept.write_bytes(body)
        return Rules(json.loads(body)), ""
    except AssayError as error:
        if error.code == "verdict-none":
            return None, f"{key} has no locked criteria yet"
        why = error.message
    try:
        rules = Rules(json.loads(kept.read_bytes()))
    except (OSError, ValueError, KeyError, AssayError):
        return None, f"the rules are not known: {why}"
    return rules, f"by the rules as they were on {rules.at[:10]}, for now: {why}"


class Watch:
    """One run, looked at again and again."""

    def __init__(self, asked: dict[str, Any], rules: Rules | None, note: str) -> None:
        self._rules, self._note = rules, note
        self._tail = RunTail(asked["folder"], asked["run_id"])
        self.told = StopAdvice(None, "", note)

    def look(self, *, now: datetime) -> StopAdvice:
        """What the rules say; where nothing was logged since the last look, what they said then."""
        run = self._tail.read() if self._rules is not None else None
        if self._rules is not None and run is not None:
            found = self._rules.advice(run, now=now)
            reason = f"{found.reason} ({self._note})" if self._note else found.reason
            self.told = StopAdvice(found.stop, found.rule, reason)
        return self.told


def main() -> None:
    """Answer until nobody listens."""
    asked = json.loads(sys.stdin.buffer.readline())
    watch = Watch(asked, *rules_of(asked))
    said = None
    while True:
        began = time.monotonic()
        told = watch.look(now=datetime.now(UTC))
        if told != said:
            said = told
            sys.stdout.write(json.dumps(asdict(told)) + "\n")
            sys.stdout.flush()
        pause = max(EVERY_S, PAUSE_TIMES * (time.monotonic() - began))
        if select.select([sys.stdin], [], [], pause)[0]:
            return


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        main()
