"""Gates: the list, one gate, upload and answer, what-if, and the answer as files."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from assay.domain.gates.flips import comparable_metrics, flips
from assay.domain.gates.needs import asks_for_results
from assay.domain.gates.record_documents import junit_xml, markdown_text
from assay.domain.kernel.metrics import MetricCatalog
from assay.errors import AssayError, Conflict, Invalid, NotFound, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, gate_what_if_view, gates_view, inputs, templating, uploads
from assay.web.contexts.gates import GateProblem, RefusedUpload, WhatIfAnswer
from assay.web.gate_history import MOST, history_chart
from assay.web.gate_run_view import Behind, run_page
from assay.web.gate_seed_dots import gate_seed_dots
from assay.web.gate_words import gate_href, problem, run_href
from assay.web.permissions import requires
from assay.workflows.actor import Actor, Permission
from assay.workflows.gate_runs import (
    gate_run_file,
    gate_run_inputs,
    get_gate_run,
    judge_ticket,
    judge_upload,
    list_gate_runs,
)
from assay.workflows.gate_views import GateInputs, GateRun, Upload
from assay.workflows.gates import add_gate, change_gate, gate_versions, list_gates
from assay.workflows.ports import Workspace
from assay.workflows.projects import get_project, save_settings

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
SHEETS = ("css/gates.css",)
SCRIPTS = ("js/gates.js",)
READ_AT_ONCE = 12_000_000
"""Bytes of kept files that a page reads back by itself; beyond that only when somebody asks for the examples."""
_KEPT, _KEPT_BYTES = 6, 50_000_000
_DOWNLOAD = {"Content-Disposition": "attachment", "Cache-Control": "private, no-store"}


@router.get("/p/{slug}/gates", dependencies=requires(Permission.READ))
def show_gates(request: Request, slug: str, template: str = "") -> HTMLResponse:
    """Every gate of the project; `template` names the file that a new one begins with."""
    return _list(request, slug, template=template)


def _list(
    request: Request,
    slug: str,
    *,
    text: str = "",
    refused: GateProblem | None = None,
    status: int = 200,
    template: str = "",
) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    context = gates_view.gates_page(
        list_gates(ws, actor, slug),
        slug,
        csrf_token=request.state.csrf_token,
        text=text,
        problem=refused,
        template=template,
    )
    around = frame.build(
        request, "Gates", project=project, section="gates", twin=f"/api/v1/projects/{slug}/gates",
        sheets=SHEETS, scripts=SCRIPTS,
    )  # fmt: skip
    return templating.page("pages/gates/list.html", around, context, status=status)


@router.post("/p/{slug}/gates", dependencies=requires(Permission.CONFIGURE))
def add(request: Request, slug: str, form: uploads.FileForm) -> Response:
    """A new gate, from a gate file or from what was typed."""
    text = inputs.text(form, "text")
    try:
        text, beside = _gate_text(form)
        made = add_gate(frame.workspace(request), frame.actor(request), slug, text=text, files=beside)
    except (Invalid, Conflict) as error:
        return _list(request, slug, text=text, refused=problem(error, "add"), status=http_status(error))
    return _done(request, gate_href(slug, made.name), "gate-added")


def _gate_text(form: FormData) -> tuple[str, dict[str, bytes]]:
    """The text of a gate file: the file that was chosen before what was typed; further files are those it names."""
    chosen = uploads.files(form, "gate_file")
    beside = uploads.files(form, "files")
    if not chosen:
        return inputs.text(form, "text"), beside
    name, content = next(iter(chosen.items()))
    what = f"gate file {name[:80]!r}"
    text = uploads.as_text(
        content, what=what, expected="a YAML file", code="gate-not-text", field="gate_file"
    )
    return text, beside


@router.get("/p/{slug}/gates/{name}", dependencies=requires(Permission.READ))
def show_gate(request: Request, slug: str, name: str, before: str = "") -> HTMLResponse:
    """One gate: what it asks, what it answered, how it changed."""
    return _gate(request, slug, name, before=_number(before))


def _gate(
    request: Request,
    slug: str,
    name: str,
    *,
    before: int | None = None,
    refused: GateProblem | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    versions = gate_versions(ws, actor, slug, name)
    runs = list_gate_runs(ws, actor, slug, gate=name, before=before, limit=MOST)
    context = gates_view.gate_page(
        versions,
        runs,
        slug,
        project=project,
        csrf_token=request.state.csrf_token,
        problem=refused,
        typed=typed or {},
        paged=before is not None,
    )
    around = frame.build(
        request, name, project=project, section="gates", twin=f"/api/v1/projects/{slug}/gates/{name}",
        sheets=SHEETS, scripts=SCRIPTS,
    )  # fmt: skip
    return templating.page("pages/gates/gate.html", around, context, status=status)


@router.post("/p/{slug}/gates/{name}", dependencies=requires(Permission.CONFIGURE))
def change(request: Request, slug: str, name: str, form: uploads.FileForm) -> Response:
    """The next version of a gate."""
    typed = {"text": inputs.text(form, "text"), "reason": inputs.text(form, "reason")}
    try:
        typed["text"], beside = _gate_text(form)
        change_gate(
            frame.workspace(request),
            frame.actor(request),
            slug,
            name,
            text=typed["text"],
            files=beside,
            reason=typed["reason"],
            expected_version=inputs.version(form),
        )
    except (Invalid, StaleVersion) as error:
        refused = problem(error, "change")
        return _gate(request, slug, name, refused=refused, typed=typed, status=http_status(error))
    return _done(request, gate_href(slug, name), "gate-changed")


@router.post("/p/{slug}/gates/{name}/runs", dependencies=requires(Permission.ADD_EVIDENCE))
def judge(request: Request, slug: str, name: str, form: uploads.FileForm) -> Response:
    """Judge the files that were sent."""
    typed = {"baseline_run": inputs.text(form, "baseline_run")}
    try:
        run = _judged(request, slug, name, form)
    except AssayError as error:
        if isinstance(error, NotFound) and error.code == "gate-unknown":
            raise
        refused, status = problem(error, "judge"), http_status(error)
        if templating.wants_fragment(request):
            return templating.fragment("fragments/gates/_refused.html", RefusedUpload(refused), status=status)
        return _gate(request, slug, name, refused=refused, typed=typed, status=status)
    return _done(request, run_href(slug, name, run.number), "judged")


def _judged(request: Request, slug: str, name: str, form: FormData) -> GateRun:
    candidate, baseline = uploads.files(form, "candidate"), uploads.files(form, "baseline")
    asked = gate_versions(frame.workspace(request), frame.actor(request), slug, name)[0].gate
    if not candidate and asks_for_results(asked):
        raise Invalid(
            "cannot judge: no file of the candidate was chosen (expected at least one)",
            hint="choose the results of the model that is judged",
            code="upload-empty",
            field="candidate",
        )
    earlier = _number(inputs.text(form, "baseline_run"))
    if baseline and earlier is not None:
        raise Invalid(
            "cannot judge: the baseline is both files and an earlier run (expected one of the two)",
            hint="choose one of the two",
            code="baseline-twice",
            field="baseline",
        )
    return judge_upload(
        frame.workspace(request),
        frame.actor(request),
        slug,
        name,
        candidate=Upload(candidate),
        baseline=Upload(baseline) if baseline else earlier,
        training=uploads.files(form, "training") or None,
    )


@router.post("/p/{slug}/t/{key}/gate", dependencies=requires(Permission.ADD_EVIDENCE))
def judge_runs(request: Request, slug: str, key: str, form: inputs.Form) -> Response:  # noqa: ARG001 - checked for its token
    """Ask the gate of the ticket's column about its runs, as they are now."""
    run = judge_ticket(frame.workspace(request), frame.actor(request), slug, key)
    return inputs.see_other(run_href(slug, run.gate, run.number), "judged")


@router.post("/p/{slug}/gates/{name}/guards", dependencies=requires(Permission.CONFIGURE))
def guard(request: Request, slug: str, name: str, form: inputs.Form) -> Response:
    """Which columns ask this gate on the way out."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project, chosen = get_project(ws, actor, slug), set(inputs.texts(form, "stage"))
    board = gates_view.guarded(project.settings.board, name, chosen)
    try:
        save_settings(ws, actor, slug, expected_version=inputs.version(form), name=project.name, board=board)
    except (Invalid, StaleVersion) as error:
        return _gate(request, slug, name, refused=problem(error, "guards"), status=http_status(error))
    return inputs.see_other(gate_href(slug, name), "saved")


def _done(request: Request, href: str, said: str) -> Response:
    """To another page: by a redirect, or told to the script that sent the form."""
    response = inputs.see_other(href, said)
    if not templating.wants_fragment(request):
        return response
    return Response(status_code=204, headers={"HX-Redirect": response.headers["location"]})


def _number(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text, re.ASCII):
        raise NotFound(
            f"cannot find gate run {text[:40]!r} (expected a number)",
            hint="open the list of runs",
            code="gate-run-unknown",
        )
    return int(text)


@router.get("/p/{slug}/gates/{name}/runs/{number}", dependencies=requires(Permission.READ))
def show_run(request: Request, slug: str, name: str, number: str) -> HTMLResponse:
    """One answer, with everything behind it."""
    return _run(request, slug, _required(request, slug, name, number), {})


@router.get("/p/{slug}/gates/{name}/runs/{number}/what-if", dependencies=requires(Permission.READ))
def show_what_if(request: Request, slug: str, name: str, number: str) -> HTMLResponse:
    """What would be, with another number or more evidence. Nothing is stored."""
    run = _required(request, slug, name, number)
    asked = {key: value[:60] for key, value in request.query_params.items() if len(key) < 60}
    if templating.wants_fragment(request):
        answer = _what_if(request, slug, run, asked)
        return templating.fragment("fragments/gates/_what_if.html", answer)
    return _run(request, slug, run, asked)


def _what_if(request: Request, slug: str, run: GateRun, asked: Mapping[str, str]) -> WhatIfAnswer:
    ws, actor = frame.workspace(request), frame.actor(request)
    return gate_what_if_view.what_if_answer(_inputs(request.app, ws, actor, slug, run), asked)


def _run(request: Request, slug: str, run: GateRun, asked: Mapping[str, str]) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    versions = gate_versions(ws, actor, slug, run.gate)
    rows = list_gate_runs(ws, actor, slug, gate=run.gate, limit=MOST).rows
    read = _size(run) <= READ_AT_ONCE or request.query_params.get("examples") == "yes" or bool(asked)
    behind, found = _behind(request, slug, run) if read else (Behind(note=_TOO_LARGE), None)
    here = run_href(slug, run.gate, run.number)
    form = None if found is None else gate_what_if_view.what_if_form(found, here, asked)
    if form is not None and not gate_what_if_view.can_ask(form):
        form = None
    answer = gate_what_if_view.UNASKED if found is None else gate_what_if_view.what_if_answer(found, asked)
    context = run_page(
        run,
        slug,
        behind,
        history=history_chart(
            rows, versions, catalog=MetricCatalog(metrics=run.record.metrics), current=run.number
        ),
        what_if=form,
        answer=answer,
        newest=versions[0].version,
    )
    around = frame.build(
        request,
        f"{context.chip.word}: {run.gate} run {run.number}",
        project=project,
        section="gates",
        twin=f"/api/v1/projects/{slug}/gate-runs/{run.number}",
        sheets=SHEETS,
        scripts=SCRIPTS,
    )
    return templating.page("pages/gates/run.html", around, context)


_TOO_LARGE = "large"


def _behind(request: Request, slug: str, run: GateRun) -> tuple[Behind, GateInputs | None]:
    """Seeds and examples from the kept files; why not, where they cannot be read any more."""
    try:
        found = _inputs(request.app, frame.workspace(request), frame.actor(request), slug, run)
    except AssayError as error:
        return Behind(note=error.message), None
    metric = request.query_params.get("metric") or None
    names = comparable_metrics(found.gate, found.candidate, found.baseline)
    return (
        Behind(
            seeds=gate_seed_dots(found, run.record),
            flips=flips(
                found.gate,
                found.candidate,
                found.baseline,
                metric=metric if metric in names else None,
                lock=found.lock,
            ),
            flip_metrics=names,
            note="" if found.baseline is not None else "no baseline",
        ),
        found,
    )


def _inputs(app: FastAPI, ws: Workspace, actor: Actor, slug: str, run: GateRun) -> GateInputs:
    """What the run looked at; a few of the last ones are kept, for a slider asks again and again."""
    kept: _KeptInputs | None = getattr(app.state, "gate_inputs", None)
    if kept is None:
        kept = app.state.gate_inputs = _KeptInputs()
    key = (slug, run.number, run.digest)
    found = kept.get(key)
    if found is None:
        found = gate_run_inputs(ws, actor, slug, run.number)
        kept.put(key, found)
    return found


class _KeptInputs:
    """Evaluations read lately, by project, number and digest: an answer never changes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], GateInputs] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, int, str]) -> GateInputs | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: tuple[str, int, str], found: GateInputs) -> None:
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 1 and self._is_full():
                self._kept.popitem(last=False)

    def _is_full(self) -> bool:
        return len(self._kept) > _KEPT or sum(_size(one.run) for one in self._kept.values()) > _KEPT_BYTES


def _size(run: GateRun) -> int:
    """Bytes of the files that it judged."""
    return sum(one.size for side in (run.candidate, run.baseline) if side is not None for one in side.files)


def _required(request: Request, slug: str, name: str, number: str) -> GateRun:
    ws, actor = frame.workspace(request), frame.actor(request)
    wanted = _number(number)
    assert wanted is not None  # an empty part is no such address
    run = get_gate_run(ws, actor, slug, wanted)
    if run.gate != name:
        raise NotFound(
            f"cannot find run {wanted} of gate {name[:60]!r}: that run is of gate {run.gate!r} (expected one of this gate)",
            hint=f"open {run_href(slug, run.gate, run.number)}",
            code="gate-run-unknown",
        )
    return run


@router.get("/p/{slug}/gates/{name}/runs/{number}/record.json", dependencies=requires(Permission.READ))
def record_json(request: Request, slug: str, name: str, number: str) -> Response:
    """The record's canonical bytes, which its digest covers."""
    run = _required(request, slug, name, number)
    return _file(run.body, "application/json", f"{run.gate}-run-{run.number}.json")


@router.get("/p/{slug}/gates/{name}/runs/{number}/record.md", dependencies=requires(Permission.READ))
def record_markdown(request: Request, slug: str, name: str, number: str) -> Response:
    """The answer for a pull request."""
    run = _required(request, slug, name, number)
    body = markdown_text(run.record, most=1_000_000).encode()
    return _file(body, "text/markdown; charset=utf-8", f"{run.gate}-run-{run.number}.md")


@router.get("/p/{slug}/gates/{name}/runs/{number}/record.xml", dependencies=requires(Permission.READ))
def record_junit(request: Request, slug: str, name: str, number: str) -> Response:
    """The answer as JUnit XML."""
    run = _required(request, slug, name, number)
    return _file(junit_xml(run.record), "application/xml", f"{run.gate}-run-{run.number}.xml")


@router.get("/p/{slug}/gates/{name}/runs/{number}/files/{digest}", dependencies=requires(Permission.READ))
def kept_file(request: Request, slug: str, name: str, number: str, digest: str) -> Response:
    """One of the files that were judged, byte for byte."""
    run = _required(request, slug, name, number)
    _, content = gate_run_file(
        frame.workspace(request), frame.actor(request), slug, run.number, f"sha256:{digest}"
    )
    return _file(content, "application/octet-stream", f"{run.gate}-run-{run.number}-{digest[:12]}.bin")


def _file(body: bytes, media_type: str, name: str) -> Response:
    # Names are of our making: those that people gave stay out of headers.
    headers = {**_DOWNLOAD, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=media_type, headers=headers)
