"""Does a page meet the accessibility rules? axe-core, run inside the page."""

from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


def violations(page) -> list[str]:
    """One line per broken rule: its name, how grave it is, and where. The context needs `bypass_csp=True`."""
    if not SCRIPT.is_file():
        pytest.fail("axe-core was not found (expected in node_modules): run `npm ci`")
    page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    found = page.evaluate("(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
    return [
        f"{rule['id']} ({rule['impact']}): {', '.join(str(node['target']) for node in rule['nodes'][:5])}"
        for rule in found["violations"]
    ]
