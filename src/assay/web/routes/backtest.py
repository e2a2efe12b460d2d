"""Kill rules on the project's own past runs, and the button that sets them by it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import ValidationError

from assay.domain.gates.settings import KillRules
from assay.domain.kernel.kill_rules import KillRuleName
from assay.errors import AssayError, Invalid, Unavailable
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import back_tests, backtest_view, frame, inputs, templating
from assay.web.charts import back_tests as charts
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.back_test_views import BackTestView
from assay.workflows.backtest import MOST_RUNS, NEWEST_RUNS
from assay.workflows.kill_settings import last_rules_change, take_rules_back, use_kill_rules
from assay.workflows.projects import get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
Newest = Annotated[int, Query(ge=1, le=MOST_RUNS)]


@router.get("/p/{slug}/backtest", dependencies=requires(Permission.READ))
def show(
    request: Request, slug: str, runs: Newest = NEWEST_RUNS, rule: str = "", wait: str = ""
) -> HTMLResponse:
    """What each rule would have saved and cost; how far that is, where it takes longer than a page should."""
    return _page(request, slug, runs=runs, rule=rule, patience_s=_patience(wait))


def _patience(wait: str) -> float:
    return back_tests.LONGEST_S if wait == "yes" else back_tests.PATIENCE_S


def _page(
    request: Request,
    slug: str,
    *,
    runs: int = NEWEST_RUNS,
    rule: str = "",
    patience_s: float = back_tests.PATIENCE_S,
    problem: AssayError | None = None,
) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    job = back_tests.back_tests(request.app).ask(ws, actor, slug, runs, patience_s=patience_s)
    context = backtest_view.backtest_page(
        project,
        job,
        newest=runs,
        rule=rule,
        last=last_rules_change(ws, actor, slug),
        csrf_token=request.state.csrf_token,
        problem=problem,
    )
    around = frame.build(
        request,
        "Kill rules on your own runs",
        project=project,
        section="settings",
        twin=f"/api/v1/projects/{slug}/backtest?runs={runs}",
        scripts=("vendor/vega.js", "js/charts.js") if context.charts else (),
        sheets=("css/backtest.css",),
    )
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/backtest.html", around, context, status=status)


@router.get("/p/{slug}/backtest/progress", dependencies=requires(Permission.READ))
def progress(request: Request, slug: str, runs: Newest = NEWEST_RUNS) -> Response:
    """How far it is; once it is over, the page is loaded again."""
    get_project(frame.workspace(request), frame.actor(request), slug)
    job = back_tests.back_tests(request.app).under_way(slug, runs)
    if job is None:
        return Response(headers={"HX-Refresh": "true", "Cache-Control": "no-store"})
    return templating.fragment("fragments/backtest/_at_work.html", backtest_view.at_work(slug, runs, job))


@router.get("/p/{slug}/backtest/rules.json", dependencies=requires(Permission.READ))
def rules_chart(request: Request, slug: str, runs: Newest = NEWEST_RUNS) -> JSONResponse:
    """What each rule saves against what it costs, as a specification without colours."""
    return _drawn(charts.rules_specification(_answer(request, slug, runs)))


@router.get("/p/{slug}/backtest/values.json", dependencies=requires(Permission.READ))
def values_chart(request: Request, slug: str, runs: Newest = NEWEST_RUNS) -> JSONResponse:
    """The same for the other values of each rule."""
    return _drawn(charts.values_specification(_answer(request, slug, runs)))


@router.get("/p/{slug}/backtest/chances.json", dependencies=requires(Permission.READ))
def chances_chart(request: Request, slug: str, runs: Newest = NEWEST_RUNS) -> JSONResponse:
    """What became of past runs by the chance that the rule for futility gave them."""
    return _drawn(charts.chances_specification(_answer(request, slug, runs)))


def _drawn(specification: dict[str, Any]) -> JSONResponse:
    return JSONResponse(specification, headers={"Cache-Control": "no-store"})


def _answer(request: Request, slug: str, runs: int) -> BackTestView:
    ws, actor = frame.workspace(request), frame.actor(request)
    job = back_tests.back_tests(request.app).ask(ws, actor, slug, runs, patience_s=back_tests.LONGEST_S)
    if job.view is None:
        raise Unavailable(
            f"cannot draw the back-test of {slug!r}: {job.problem or 'its rules are still being replayed'}",
            hint=f"assay backtest --project {slug}",
            code="backtest-not-ready",
        )
    return job.view


@router.post("/p/{slug}/backtest/settings", dependencies=requires(Permission.CONFIGURE))
def use(request: Request, slug: str, form: inputs.Form) -> Response:
    """Set the chosen rules as the page said."""
    ws, actor = frame.workspace(request), frame.actor(request)
    try:
        rules = [KillRuleName(one) for one in inputs.texts(form, "rule") if one in set(KillRuleName)]
        wanted = _wanted(inputs.text(form, "best"))
        use_kill_rules(ws, actor, slug, wanted, rules=rules, expected_version=inputs.version(form))
    except (Invalid, AssayError) as error:
        return _page(request, slug, problem=error)
    return inputs.see_other(f"/p/{slug}/backtest", "rules-set")


def _wanted(text: str) -> KillRules:
    try:
        return KillRules.model_validate_json(text)
    except ValidationError as error:
        first: Any = error.errors()[0]
        raise Invalid(
            f"cannot set kill rules: {'.'.join(map(str, first['loc'])) or 'the form'} is not as the page sent it ({first['msg']})",
            hint="load the page again",
            code="rule-malformed",
            field="best",
        ) from None


@router.post("/p/{slug}/backtest/undo", dependencies=requires(Permission.CONFIGURE))
def undo(request: Request, slug: str, form: inputs.Form) -> Response:
    """Set the rules as they were before their last change."""
    ws, actor = frame.workspace(request), frame.actor(request)
    try:
        seq = inputs.entry_number(inputs.text(form, "seq"), "seq")
        take_rules_back(ws, actor, slug, seq=seq, expected_version=inputs.version(form))
    except AssayError as error:
        return _page(request, slug, problem=error)
    return inputs.see_other(f"/p/{slug}/backtest", "rules-back")
