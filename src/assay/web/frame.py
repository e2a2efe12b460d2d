"""The frame of a page: who looks, at which project, and what else there is."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request

from assay.domain.sprints.cadence import Cadence
from assay.web.contexts.frame import MESSAGES, Frame, NavGroup, NavItem, ProjectChoice
from assay.workflows.actor import Actor
from assay.workflows.inbox import around_a_page
from assay.workflows.ports import Workspace
from assay.workflows.projects import list_projects
from assay.workflows.records import Project

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "assay_theme"
MOST_COUNTED = 99
PROJECT_COOKIE = "assay_project"

_NAVIGATION = (
    (
        "",
        (
            ("Overview", "overview", ""),
            ("Inbox", "inbox", "/inbox"),
            ("Board", "board", "/board"),
            ("Backlog", "backlog", "/backlog"),
            ("Sprints", "sprints", "/sprints"),
            ("Experiments", "experiments", "/experiments"),
        ),
    ),
    ("Evidence", (("Runs", "runs", "/runs"), ("Gates", "gates", "/gates"))),
    (
        "Steer",
        (
            ("State", "state", "/state"),
            ("Canvas", "canvas", "/canvas"),
            ("Flow", "flow", "/flow"),
            ("Journal", "journal", "/journal"),
            ("Settings", "settings", "/settings"),
        ),
    ),
)


def workspace(request: Request) -> Workspace:
    """The workspace the server was started with."""
    found: Workspace = request.app.state.workspace
    return found


def actor(request: Request) -> Actor:
    """Who asks: the person of this request, else the one the server acts for."""
    found: Actor = getattr(request.state, "actor", None) or request.app.state.actor
    return found


def build(
    request: Request,
    title: str,
    *,
    project: Project | None = None,
    section: str = "",
    twin: str = "",
    body_class: str = "",
    scripts: tuple[str, ...] = (),
    sheets: tuple[str, ...] = (),
    with_news: bool = True,
    live_seq: int | None = None,
) -> Frame:
    """The frame around one page.

    `live_seq`, asked for before what the page shows was read, has it follow along; see `seq_now`.
    `with_news` says how much is new in the inbox; not on a page that is kept as long as the journal does not grow.
    """
    projects, news = _around(request, project, with_news=with_news)
    return Frame(
        title=title if project is None else f"{title} · {project.name}",
        theme=theme(request),
        csrf_token=getattr(request.state, "csrf_token", ""),
        slug=project.slug if project else None,
        project_name=project.name if project else "",
        projects=tuple(
            ProjectChoice(
                name=p.name, href=f"/p/{p.slug}/board", current=project is not None and p.slug == project.slug
            )
            for p in projects
        ),
        groups=navigation(project.slug, section, project.settings.cadence, news) if project else (),
        twin=twin,
        body_class=body_class,
        message=message(request),
        scripts=scripts if live_seq is None else (*scripts, "js/live.js"),
        sheets=sheets,
        live_seq=live_seq,
    )


def seq_now(request: Request) -> int:
    """The newest journal entry before a page is read: what comes after it, the page asks for."""
    return workspace(request).store.last_seq()


def _around(request: Request, project: Project | None, *, with_news: bool) -> tuple[Sequence[Project], int]:
    ws, who = workspace(request), actor(request)
    if project is None:
        return (), 0
    return around_a_page(ws, who, project) if with_news else (list_projects(ws, who), 0)


def navigation(
    slug: str, section: str, cadence: Cadence = Cadence.SCRUM, news: int = 0
) -> tuple[NavGroup, ...]:
    """The entries on the left; only what exists. Without sprints, the stand-up stands in their place.

    `news` is how much is new in the inbox.
    """
    daily = ("Sprints", "sprints", "/sprints") if cadence.has_sprints else ("Stand-up", "sprints", "/standup")
    return tuple(
        NavGroup(
            label=label,
            items=tuple(
                NavItem(
                    label=name,
                    href=f"/p/{slug}{path}",
                    current=key == section,
                    count=_count(news) if key == "inbox" else "",
                )
                for name, key, path in (daily if entry[1] == "sprints" else entry for entry in entries)
            ),
        )
        for label, entries in _NAVIGATION
    )


def _count(news: int) -> str:
    if not news:
        return ""
    return str(news) if news <= MOST_COUNTED else f"{MOST_COUNTED}+"


def theme(request: Request) -> str:
    """The appearance this browser chose."""
    chosen = request.cookies.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


def message(request: Request) -> str:
    """What the form before this page has done, if it says so in the address."""
    return MESSAGES.get(request.query_params.get("done", ""), "")


def bare(request: Request, title: str) -> Frame:
    """A frame that needs nothing from the store: for errors and for the first page."""
    return Frame(
        title=title,
        theme=theme(request),
        csrf_token=getattr(request.state, "csrf_token", ""),
        slug=None,
        project_name="",
        projects=(),
        groups=(),
        twin="",
        body_class="",
        message="",
    )
