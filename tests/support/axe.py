"""Does a page meet the accessibility rules? axe-core, run inside the page."""

from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]

# What held is left in the page: axe tells thousands of nodes, and to bring them here would take longer than to find them.
ASKED = """async what => {
  const asked = {runOnly: what, resultTypes: ['violations']};
  return (await axe.run(document, asked)).violations
    .map(rule => `${rule.id} (${rule.impact}): ${JSON.stringify(rule.nodes.slice(0, 5).map(node => node.target))}`);
}"""


def violations(page) -> list[str]:
    """What axe finds by the rules of WCAG 2.2, target sizes included; one line per broken rule: its name, how grave it is, and where.

    The context needs `bypass_csp=True`.
    """
    return _broken(page, {"type": "tag", "values": TAGS})


def colour_violations(page) -> list[str]:
    """What axe finds by the rules that look at colours: all that another colour scheme can break."""
    return _broken(page, {"type": "rule", "values": COLOUR_RULES})


def _broken(page, rules: dict) -> list[str]:
    if not SCRIPT.is_file():
        pytest.fail("axe-core was not found (expected in node_modules): run `npm ci`")
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    return page.evaluate(ASKED, rules)
