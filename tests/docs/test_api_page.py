"""The page of the API and the application know the same addresses."""

import re

from fastapi import FastAPI

from assay.api.routes import API_TABLE
from tests.docs.pages import page


def _addresses() -> set[str]:
    app = FastAPI()
    app.router.routes.extend(API_TABLE.routes())
    return set(app.openapi()["paths"])


def test_page_names_every_address():
    text = page("api.md")
    missing = []
    for address in _addresses():
        tail = re.sub(r"^/api/v1/projects/\{slug\}/|^/api/v1/journal/|^/api/v1", "", address)
        last = [part for part in tail.split("/") if part and not part.startswith("{")][-1:]
        if last and not re.search(rf"[`/]{re.escape(last[0])}[`/?{{]", text):
            missing.append(address)
    assert missing == []
