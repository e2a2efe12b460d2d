"""What is attacked, how a good request looks, and what no answer may do."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.faces.web import story

UNREADABLE = b"cannot read MLflow "
"""A tracker that is not there is told as 503, which is the truth."""
SECONDS = 60.0
UNAVAILABLE = {"tracker-unavailable", "overloaded"}
STARTED_BY_US = re.compile(rb"<script>alert|<img src=x onerror|<svg onload=alert|<a hx-get=/x>")


@dataclass
class Target:
    """The application and what is in it."""

    ask: Any
    app: Any
    ws: Any
    keys: dict
    kept_keys: list

    def values(self):
        """What stands for the parts of a path."""
        return {
            "slug": story.SLUG,
            "key": self.keys["fresh"],
            "other": self.keys["next"],
            "name": "mlflow",
            "run_id": "mlflow:00000001",
            "stage": "backlog",
            "item": "agreed",
            "kind": "blocks",
            "seq": "1",
            "size": "1",
            "path": "css/board.css",
            "gate": "answers",
            "number": "1",
        }

    def faults(self, questions):
        """The first faults of the answers to many questions: see `Asker.faults`."""
        return self.ask.faults(questions, fault_of)

    def path(self, template, **changed):
        """The path with its parts filled in, each quoted."""
        values = self.values()
        if "/gates/{name}" in template:
            values["name"] = values["gate"]
        elif "flow-{name}" in template:
            values["name"] = "cycles"
        values |= changed

        def fill(found):
            name = found[1].partition(":")[0]
            return quote(values.get(name, "x"), safe="", errors="surrogatepass")

        return re.sub(r"\{([^}]+)\}", fill, template)

    def kept(self):
        """Everything of the project that nobody asked to change."""
        parts = [
            self.ask("GET", f"/api/v1/projects/kept{tail}").body
            for tail in ("", "/metrics", "/ticket-files", "/sources", "/runs")
        ]
        return parts + [self._page(key) for key in self.kept_keys]

    def _page(self, key):
        page = json.loads(self.ask("GET", f"/api/v1/projects/kept/tickets/{key}/page").body)
        del page["similar"]  # ranked by how rare words are, which every ticket changes
        return page


def fault_of(said, what):
    """What is wrong with this answer, None when nothing is."""
    if said.seconds > SECONDS:
        return f"{what}: took {said.seconds:.1f} s"
    if said.status >= 500:
        code = (
            json.loads(said.body).get("code") if said.kind == "application/problem+json" else said.body[:200]
        )
        if not (said.status == 503 and (code in UNAVAILABLE or UNREADABLE in said.body)):
            return f"{what}: {said.status} {code}"
    if said.kind == "text/html" and STARTED_BY_US.search(said.body):
        return f"{what}: markup came back as markup"
    if said.status >= 400 and not (what.startswith("HEAD ") and not said.body):
        return _badly_told(said, what)
    return None


def _badly_told(said, what):
    if said.kind != "application/problem+json":
        return (
            None
            if said.kind == "text/html" and len(said.body) > 200
            else f"{what}: {said.status} as {said.kind}"
        )
    document = json.loads(said.body)
    if not re.match(r"([^:]{1,200}: )?cannot ", document["detail"]):
        return f"{what}: {document['detail'][:100]!r}"
    names_fix = "(expected " in document["detail"] or document.get("hint")
    if said.status == 422 and not names_fix:
        return f"{what}: no fix in {document['detail'][:200]!r}"
    if document["status"] != said.status or not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", document["code"]):
        return f"{what}: {document}"
    return None
