"""Should this training stop? The answer of the rules, worked out beside it; asking costs next to nothing and never waits."""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.sdk.beside import started
from assay.sdk.process_ends import newest

if TYPE_CHECKING:
    from assay.sdk.run_folder import Place


@dataclass(frozen=True, slots=True)
class StopAnswer:
    """True only where a rule says stop. What is not known stops nothing.

    Attributes:
        stop: True, False, or None where nobody knows.
        rule: the kill criterion, or the name of the rule, that says stop; else empty.
        reason: why, or why it is not known.
    """

    stop: bool | None
    rule: str
    reason: str

    def __bool__(self) -> bool:
        return self.stop is True

    @property
    def told(self) -> tuple[bool | None, str, str]:
        """As plain values, for another process."""
        return self.stop, self.rule, self.reason

    def __str__(self) -> str:
        word = {True: "Stop", False: "Go on", None: "Not known"}[self.stop]
        return f"{word}: {self.reason}."


NOT_YET = StopAnswer(None, "", "the rules are being asked for the first time")
NO_RUN = StopAnswer(None, "", "no run is open (expected one begun by assay.experiment)")
OTHER_PROCESS = StopAnswer(None, "", "only the first process of a distributed training asks the rules")
WORKER = StopAnswer(None, "", "only the process that began the run asks the rules")


def should_stop() -> StopAnswer:
    """Should the run that was begun last in this process be stopped?

    Costs about a microsecond: the rules are asked beside the training, every two seconds, about what was logged up to
    then. These are the kill criteria of the ticket and those rules of thumb of the project that look at a run's own
    curves, as they stood when it was asked first. An installation that cannot be reached, a ticket without criteria and
    a first answer that is not there yet are "not known", which is false.

    Returns:
        The answer with its reason, true only where a rule says stop.
    """
    run: Any = newest()
    return NO_RUN if run is None else run.should_stop()


class Adviser:
    """The process that asks the rules about one run; begun when somebody wants to know, ended with the run."""

    def __init__(self, place: Place, ticket: str, run_id: str) -> None:
        self.answer = NOT_YET
        self._asked = {
            "home": None if place.settings is None else str(place.settings.home),
            "project": place.project, "folder": str(place.folder), "ticket": ticket, "run_id": run_id,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False
        threading.Thread(target=self._listen, name="assay-rules", daemon=True).start()

    def _listen(self) -> None:
        try:
            process = self._process = started("assay.sdk.advisor")
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(self._asked).encode() + b"\n")
            process.stdin.flush()
            if self._ended:
                process.stdin.close()
            with process.stdout as said:
                for line in said:
                    self.answer = StopAnswer(**json.loads(line))
            process.wait()
        except (OSError, ValueError, TypeError):
            pass
        if not self._ended and not self.answer:
            self.answer = StopAnswer(None, "", "the process that asks the rules has ended")

    def end(self) -> None:
        """Nobody wants to know any more."""
        self._ended = True
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
