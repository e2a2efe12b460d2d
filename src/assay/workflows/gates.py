"""Gates of a project: named, versioned, never changed in place; what got easier to pass is said and needs a reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assay.domain.gates.gate import Gate, GateCheck, GoldenCheck
from assay.domain.gates.gate_change import GateChange
from assay.domain.gates.gate_changes import changes
from assay.domain.gates.gate_data import gate_digest
from assay.domain.kernel.canonical import digest_bytes
from assay.domain.kernel.events import Event
from assay.errors import Conflict, Invalid, NotFound, StaleVersion, Unavailable
from assay.workflows.actor import Actor, Permission
from assay.workflows.board_gates import show_gates
from assay.workflows.gate_file import gate_from_text, gate_to_text
from assay.workflows.gate_views import GateDraft, GateFile, GateSummary, GateVersion
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project

MAX_REASON_LENGTH = 2000
MOST_CHANGES_SAID = 100
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}", re.ASCII)


def add_gate(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    text: str,
    name: str | None = None,
    files: Mapping[str, bytes] | None = None,
    reason: str = "",
    remember: Remember | None = None,
) -> GateVersion:
    """Give a project a new gate: a gate file (YAML), with the content of the files that it names, by the name it uses.

    Without a name it is called what the text calls it.

    Raises:
        Invalid: the text is no gate, or a file that it names was not sent.
        Conflict: the project has a gate of this name.
    """
    actor.require(Permission.CONFIGURE)
    read = _read(ws, text, name, files or {})

    def work(tx: WriteTransaction) -> GateVersion:
        project = required_project(tx, slug)
        if tx.gate_version(project.id, read.gate.name) is not None:
            raise Conflict(
                f"cannot add gate {read.gate.name!r}: the project has one of this name (expected a new name)",
                hint="send it as a new version of that gate, or name it otherwise",
                code="gate-exists",
                field="name",
            )
        return _keep(tx, ws, actor, project, read, before=None, reason=reason)

    return write_once(ws, remember, work)


def change_gate(
    ws: Workspace,
    actor: Actor,
    slug: str,
    name: str,
    *,
    text: str,
    files: Mapping[str, bytes] | None = None,
    reason: str = "",
    expected_version: int | None,
    remember: Remember | None = None,
) -> GateVersion:
    """Give a gate its next version; a text that asks and says the same as the newest one changes nothing.

    Raises:
        NotFound: the project has no such gate.
        Invalid: the text is no gate, or it is easier to pass than before and no reason is given.
        StaleVersion: somebody was faster.
    """
    actor.require(Permission.CONFIGURE)
    with ws.store.read() as tx:
        required_gate(tx, required_project(tx, slug), name)
    read = _read(ws, text, name, files or {})

    def work(tx: WriteTransaction) -> GateVersion:
        project = required_project(tx, slug)
        before = required_gate(tx, project, name)
        if expected_version is not None and before.version != expected_version:
            raise StaleVersion(
                f"cannot change gate {name!r}: it changed meanwhile and is now version {before.version} "
                "(expected the version you saw)",
                hint=f"look at {name} again and repeat the change",
                details={"version": before.version},
            )
        if _says_the_same(before.gate, read.gate):
            return before
        return _keep(tx, ws, actor, project, read, before=before, reason=reason)

    return write_once(ws, remember, work)


def preview_gate(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    text: str,
    name: str | None = None,
    files: Mapping[str, bytes] | None = None,
) -> GateDraft:
    """What would this text ask, and what would it change? Nothing is written.

    Raises:
        Invalid: the text is no gate.
    """
    actor.require(Permission.READ)
    sent = files or {}
    draft = _named(gate_from_text(text), name)
    missing = tuple(file for file in _files_named(draft) if file not in sent)
    gate = draft if missing else _read(ws, text, name, sent).gate
    with ws.store.read() as tx:
        before = tx.gate_version(required_project(tx, slug).id, gate.name)
    same = before is not None and _says_the_same(before.gate, gate)
    gate = gate if same else _next_version(gate, before)
    found = () if before is None or same else changes(before.gate, gate)
    return GateDraft(
        gate=gate,
        digest=gate_digest(gate),
        before=before,
        changes=found,
        loosens=any(change.loosens for change in found),
        missing_files=missing,
    )


def list_gates(ws: Workspace, actor: Actor, slug: str) -> tuple[GateSummary, ...]:
    """Every gate of a project by name, with its newest answer and the columns that ask for it."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        stages = project.settings.board.stages
        return tuple(
            replace(
                summary,
                stages=tuple(stage.title for stage in stages if stage.gate == summary.latest.name),
            )
            for summary in tx.gates(project.id)
        )


def get_gate(ws: Workspace, actor: Actor, slug: str, name: str, *, version: int | None = None) -> GateVersion:
    """One version of a gate, the newest one where none is named; NotFound when there is none."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return required_gate(tx, required_project(tx, slug), name, version)


def gate_versions(ws: Workspace, actor: Actor, slug: str, name: str) -> tuple[GateVersion, ...]:
    """Every version of a gate, newest first."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        required_gate(tx, project, name)
        return tuple(tx.gate_versions(project.id, name))


def export_gates(ws: Workspace, actor: Actor, slug: str) -> tuple[GateFile, ...]:
    """The newest version of every gate as files, by name. Adding them again, here or elsewhere, changes nothing.

    Raises:
        Unavailable: a file that a gate names is gone from the store.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return tuple(_as_file(tx, summary.latest) for summary in tx.gates(project.id))


def _as_file(tx: ReadTransaction, version: GateVersion) -> GateFile:
    files = {name: tx.blob(digest) for name, digest in version.files.items()}
    lost = sorted(name for name, content in files.items() if content is None)
    if lost:
        raise Unavailable(
            f"cannot export gate {version.name!r}: the file {lost[0]!r} it names is missing from the store",
            hint="assay audit verify, then restore a backup",
            code="gate-file-lost",
        )
    own = gate_from_text(version.text, file=f"{version.name}.yaml").name == version.name
    return GateFile(
        name=version.name,
        version=version.version,
        text=version.text if own else gate_to_text(version.gate),
        files={name: content for name, content in files.items() if content is not None},
    )


def required_gate(
    tx: ReadTransaction, project: Project, name: str, version: int | None = None
) -> GateVersion:
    """A gate of the project; NotFound, naming those that exist, when there is none."""
    found = tx.gate_version(project.id, name, version)
    if found is not None:
        return found
    if version is not None and tx.gate_version(project.id, name) is not None:
        known = ", ".join(str(one.version) for one in tx.gate_versions(project.id, name)[:10])
        raise NotFound(
            f"cannot find version {version} of gate {name[:60]!r} (expected one of: {known})",
            hint=f"assay gate list {name}",
            code="gate-version-unknown",
            field="version",
        )
    names = ", ".join(summary.latest.name for summary in tx.gates(project.id)[:10]) or "none yet"
    raise NotFound(
        f"cannot find gate {name[:60]!r}: project {project.slug!r} has none of this name (expected one of: {names})",
        hint="assay gate add FILE",
        code="gate-unknown",
        field="gate",
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """A gate file that was read, with the files it names."""

    gate: Gate
    text: str
    files: Mapping[str, bytes]


def _read(ws: Workspace, text: str, name: str | None, files: Mapping[str, bytes]) -> _Read:
    gate = _named(gate_from_text(text), name)
    named = _files_named(gate)
    missing = [file for file in named if file not in files]
    if missing:
        raise Invalid(
            f"cannot read gate {gate.name!r}: the file {missing[0]!r} that it names was not sent (expected its content)",
            hint="send it along, or write its example ids into the gate",
            code="gate-file-missing",
            field="files",
        )
    unknown = sorted(set(files) - set(named))
    if unknown:
        raise Invalid(
            f"cannot read gate {gate.name!r}: it names no file {unknown[0][:60]!r} "
            f"(expected {', '.join(named) or 'no file'})",
            hint="send only the files that the gate names",
            code="gate-file-unknown",
            field="files",
        )
    checks = tuple(_with_file(ws, check, files) for check in gate.checks)
    return _Read(gate.model_copy(update={"checks": checks}), text, files)


def _named(gate: Gate, name: str | None) -> Gate:
    if name is None or name == gate.name:
        return gate
    if _NAME.fullmatch(name) is None:
        raise Invalid(
            f"cannot name gate {ascii(name)[:60]}: (expected letters, digits, '_', '-' and '.', at most 100)",
            hint="choose a name such as answer-quality",
            code="gate-name-malformed",
            field="name",
        )
    return gate.model_copy(update={"name": name})


def _files_named(gate: Gate) -> tuple[str, ...]:
    named = (check.file for check in gate.checks if isinstance(check, GoldenCheck) and check.file is not None)
    return tuple(dict.fromkeys(named))


def _with_file(ws: Workspace, check: GateCheck, files: Mapping[str, bytes]) -> GateCheck:
    if not isinstance(check, GoldenCheck) or check.file is None:
        return check
    ids, digest = ws.read_ids(files[check.file], name=check.file)
    return check.with_file(ids, digest)


def _says_the_same(before: Gate, after: Gate) -> bool:
    return before.description == after.description and gate_digest(before) == gate_digest(after)


def _next_version(gate: Gate, before: GateVersion | None) -> Gate:
    """The gate under the number it gets: its own where that is new, else the next one."""
    number = gate.version if before is None else max(gate.version, before.version + 1)
    return gate.model_copy(update={"version": number})


def _keep(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    read: _Read,
    *,
    before: GateVersion | None,
    reason: str,
) -> GateVersion:
    gate = _next_version(read.gate, before)
    found = () if before is None else changes(before.gate, gate)
    _reason_given(gate.name, found, reason)
    files = {name: digest_bytes(content) for name, content in read.files.items()}
    for name, content in read.files.items():
        tx.put_blob(files[name], content)
    version = GateVersion(
        name=gate.name,
        version=gate.version,
        text=read.text,
        files=files,
        gate=gate,
        digest=gate_digest(gate),
        changes=found,
        reason=reason.strip()[:MAX_REASON_LENGTH],
        by=actor.name,
        at=ws.clock(),
        seq=0,
    )
    seq = tx.append(_event(project, version, before), actor=actor, at=version.at)
    kept = replace(version, seq=seq)
    kept = replace(kept, id=tx.add_gate_version(project.id, kept))
    show_gates(tx, project, kept.name)
    return kept


def _event(project: Project, version: GateVersion, before: GateVersion | None) -> Event:
    return Event.of(
        "gate.versioned",
        project=project.slug,
        subject=version.name,
        version=version.version,
        version_before=None if before is None else before.version,
        digest=version.digest,
        text_digest=digest_bytes(version.text.encode()),
        files=dict(version.files),
        changes=[change.text for change in version.changes][:MOST_CHANGES_SAID],
        changed=len(version.changes),
        loosens=version.loosens,
        reason=version.reason,
    )


def _reason_given(name: str, found: Sequence[GateChange], reason: str) -> None:
    easier = [change.text for change in found if change.loosens]
    if not easier or len(reason.strip()) >= 3:
        return
    raise Invalid(
        f"cannot change gate {name!r}: it may become easier to pass ({easier[0]}) and no reason is given "
        "(expected a reason why)",
        hint='add a reason: --reason "why"',
        code="gate-needs-reason",
        field="reason",
        details={"changes": easier[:MOST_CHANGES_SAID]},
    )
