"""The first page, new projects, and what the keyboard does."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from assay.domain.board.templates import TITLES, BoardTemplate
from assay.errors import AssayError, Conflict, Invalid
from assay.routing import RouteWhenAsked
from assay.web import frame, inputs, templating
from assay.web.contexts.lists import KeysPage
from assay.web.contexts.ticket_form import Choice
from assay.web.errors import sentences
from assay.web.permissions import public, requires
from assay.workflows.actor import Permission
from assay.workflows.projects import create_project, list_projects

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)

KEYS = (
    ("Everywhere", (("Ctrl K or /", "Search or jump"), ("c", "New ticket"), ("?", "This list"))),
    (
        "On the board",
        (
            ("Arrows or h j k l", "Go from card to card"),
            ("Enter", "Open the card"),
            ("m", "Where can it go"),
            ("b", "What is in its way"),
            ("Shift and left or right", "Move it to the next column that is allowed"),
            (
                "Shift and up or down",
                "Move it within its column; at the edge of its lane, on to the next lane",
            ),
            ("u", "Undo a change of lane, while its message is shown"),
        ),
    ),
    ("On a ticket", (("d", "Decide"),)),
    (
        "In a ceremony",
        (
            ("n and p", "The next page of the sprint, the one before"),
            ("t", "Start the timer, hold it, go on"),
            ("f", "Shared screen, and back; Esc ends it"),
        ),
    ),
    (
        "In forms",
        (
            ("Tab, Shift and Tab", "From field to field"),
            ("Space", "Choose what has a box"),
            ("Left and right", "Move a slider by 1%; Page up and Page down by 10%"),
            ("Enter", "Save, or open what is folded"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class StartPage:
    """Context of pages/start.html: the form for a new project, and how to connect what one has."""

    csrf_token: str
    first: bool
    name: str
    slug: str
    boards: tuple[Choice, ...]
    """The boards to begin with."""
    problem: str
    hint: str


@router.get("/", dependencies=requires(Permission.READ))
def start(request: Request) -> Response:
    """To the board that was open last, or to the form for the first project."""
    projects = list_projects(frame.workspace(request), frame.actor(request))
    if not projects:
        return _form(request, first=True)
    last = request.cookies.get(frame.PROJECT_COOKIE)
    chosen = next((p for p in projects if p.slug == last), projects[0])
    return RedirectResponse(f"/p/{chosen.slug}/board", status_code=303)


@router.get("/projects/new", dependencies=requires(Permission.READ))
def new_project(request: Request) -> HTMLResponse:
    """The form for another project."""
    return _form(request, first=False)


@router.post("/projects/new", dependencies=requires(Permission.CONFIGURE))
def make_project(request: Request, form: inputs.Form) -> Response:
    """Start a project."""
    name, slug, board = (inputs.text(form, field) for field in ("name", "slug", "board"))
    template = BoardTemplate(board) if board in set(BoardTemplate) else BoardTemplate.EXPERIMENT
    try:
        project = create_project(
            frame.workspace(request),
            frame.actor(request),
            slug=slug or slug_from(name),
            name=name,
            template=template,
        )
    except (Invalid, Conflict) as error:
        return _form(request, first=False, name=name, slug=slug, template=template, error=error)
    return inputs.see_other(f"/p/{project.slug}/board", "project")


def slug_from(name: str) -> str:
    """A short name for addresses and commands.

    >>> slug_from("Support chatbot, EU")
    'support-chatbot-eu'
    """
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split()
    return "-".join(words)[:40].strip("-")


def _form(
    request: Request,
    *,
    first: bool,
    name: str = "",
    slug: str = "",
    template: BoardTemplate = BoardTemplate.EXPERIMENT,
    error: AssayError | None = None,
) -> HTMLResponse:
    what, expected = sentences(error.message) if error is not None else ("", "")
    context = StartPage(
        csrf_token=request.state.csrf_token,
        first=first,
        name=name,
        slug=slug,
        boards=tuple(Choice(one.value, title, one is template) for one, title in TITLES.items()),
        problem=f"{what}. Expected {expected}." if expected else what,
        hint=error.hint if error is not None else "",
    )
    status = 200 if error is None else (409 if isinstance(error, Conflict) else 422)
    title = "Welcome" if first else "New project"
    return templating.page("pages/start.html", frame.bare(request, title), context, status=status)


@router.get("/keys", dependencies=public())
def keys(request: Request) -> HTMLResponse:
    """What the keyboard does."""
    context = KeysPage(groups=KEYS)
    if templating.wants_fragment(request):
        return templating.fragment("fragments/_keys.html", context)
    return templating.page("pages/keys.html", frame.bare(request, "Keys"), context)
