"""Where measured lines of the decision quality scorecard are collected; tools/scorecard.py makes the table from them."""

import json
import os
from pathlib import Path

# Read when imported: during a test the settings of the shell are out of reach.
COLLECTED_IN = os.environ.get("ASSAY_SCORECARD")


def collect(line, what, measured, *, at_most=None, at_least=None, stretch=False, **known):
    """Keep one measured figure.

    line: its number on the scorecard ("G3"), or "" for what stands beside it. known: low, high (95% interval),
    replicates, seed, unit.
    """
    row = {"line": line, "what": what, "measured": measured, "at_most": at_most, "at_least": at_least}
    _keep(row | {"stretch": stretch} | known)


def collect_answers(check, evidence, answers):
    """Keep what was answered on next to nothing: the answer by the number of values there were."""
    _keep({"check": check, "evidence": evidence, "answers": answers})


def _keep(row):
    if COLLECTED_IN:
        with Path(COLLECTED_IN).open("a", encoding="utf-8") as rows:
            rows.write(json.dumps(row) + "\n")
