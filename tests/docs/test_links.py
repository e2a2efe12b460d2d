"""Every link inside the documentation leads somewhere."""

import re

import pytest

from tests.docs.pages import DOCS, ROOT, all_pages

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`[^`\n]*`")


def _anchor(title: str) -> str:
    """The name that a heading has as the target of a link."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower().replace("`", "")).replace(" ", "-")


def _anchors(text: str) -> set[str]:
    return {_anchor(line.lstrip("#")) for line in FENCED.sub("", text).splitlines() if line.startswith("#")}


@pytest.mark.parametrize("path", all_pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_a_page_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    broken = []
    for target in LINK.findall(INLINE.sub("", FENCED.sub("", text))):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        goal = (path.parent / name).resolve() if name else path
        reachable = goal.exists() and goal.is_relative_to(ROOT)
        if not reachable or (anchor and anchor not in _anchors(goal.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_reached_from_the_readme():
    seen, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        for target in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
            if "://" not in target and target.partition("#")[0]:
                goal = (page.parent / target.partition("#")[0]).resolve()
                ahead.extend(sorted(goal.glob("*.md")) if goal.is_dir() else [goal])
    lost = [path for path in DOCS.rglob("*.md") if path not in seen]
    assert lost == []
