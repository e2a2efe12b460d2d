"""The one place that joins workflows to storage and connectors, and where the real clock is.

Each function imports what it joins: a command that only asks a running server must not pay for a database driver.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError, Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from assay.connectors.signing.ed25519 import SigningKey
    from assay.domain.experiments.evidence import Evaluation, Scores
    from assay.domain.experiments.pipeline_jobs import JobEvent
    from assay.domain.gates.gate import Gate
    from assay.domain.gates.item_evidence import FileSeen
    from assay.domain.gates.needs import Needs
    from assay.domain.gates.overlap import Overlap
    from assay.domain.kernel.metrics import Metric
    from assay.settings import Settings
    from assay.storage.postgres_store import PostgresStore
    from assay.storage.sqlite_store import SqliteStore
    from assay.workflows.ports import Workspace
    from assay.workflows.records import Source
    from assay.workflows.run_artifacts import ArtifactFolder
    from assay.workflows.seed_runs import Progress, SeedRunner, SeedTold, SeedWork
    from assay.workflows.webhook_ports import WebhookTools

TEXT_MAX_BYTES = 1_000_000


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def open_workspace(settings: Settings, *, server_url: str | None = None) -> Iterator[Workspace]:
    """Everything workflows need, open; closed when the block is left.

    Args:
        settings: which installation.
        server_url: where this process serves, told to a second process that finds the store in use.

    Raises:
        Unavailable: another process has the store open.
    """
    from assay.connectors.signing.ed25519 import SigningKey
    from assay.connectors.tracked.registry import InstalledTrackers
    from assay.storage.open import open_store
    from assay.workflows.ports import Workspace

    _make_home(settings.home)
    signer = SigningKey.load_or_create(settings.key_file)
    store = open_store(settings.store_url, server_url=server_url)
    try:
        yield Workspace(
            store=store,
            clock=_now,
            sources=InstalledTrackers(),
            read_scores=_read_scores,
            read_upload=_read_upload,
            read_ids=_read_ids,
            search_leaks=_search_leaks,
            list_artifacts=_list_artifacts,
            signer=signer,
            instance_id=store.instance_id(),
            webhooks=_webhook_tools(settings, signer, server_url, alone=store.kind == "sqlite"),
        )
    finally:
        store.close()


def _webhook_tools(
    settings: Settings, signer: SigningKey, server_url: str | None, *, alone: bool
) -> WebhookTools:
    from assay.connectors.notifications.late_post import LatePost
    from assay.connectors.signing.sealed import Seals
    from assay.domain.notifications.signatures import SECRET_PREFIX
    from assay.workflows.webhook_ports import WebhookTools

    named = settings.public_url or server_url or f"http://{settings.host}:{settings.port}"
    return WebhookTools(
        sender=LatePost(settings.webhook_hosts),
        seals=Seals(signer),
        new_secret=lambda: SECRET_PREFIX + secrets.token_urlsafe(32),
        chance=random.random,
        link_base=named.rstrip("/"),
        alone=alone,
    )


def _read_scores(content: bytes) -> Mapping[str, Scores]:
    # The data frame library behind it takes a tenth of the server's start; the first score file can wait for it.
    from assay.connectors.evals.long_form import read_scores

    return read_scores(content)


def _read_upload(
    files: Mapping[str, bytes],
    *,
    reader: str | None = None,
    metrics: Sequence[Metric] = (),
    needs: Needs | None = None,
) -> Evaluation:
    from assay.connectors.evals.uploaded import read_uploaded

    return read_uploaded(files, reader=reader, metrics=metrics, needs=needs)


def _search_leaks(gate: Gate, evaluation: Evaluation, files: Mapping[str, bytes]) -> Mapping[int, Overlap]:
    from assay.connectors.evals.uploaded import search_sent_leaks

    return search_sent_leaks(gate, evaluation, files)


def read_lineage_event(event: Mapping[str, Any]) -> JobEvent | None:
    """What does an event of OpenLineage say? See `assay.connectors.pipelines.openlineage.read_event`."""
    from assay.connectors.pipelines.openlineage import read_event

    return read_event(event)


def _list_artifacts(reference: str, external_id: str) -> ArtifactFolder | None:
    from assay.connectors.trackers.mlflow.artifact_files import list_artifacts

    return list_artifacts(reference, external_id)


def _read_ids(content: bytes, *, name: str) -> tuple[tuple[str, ...], str]:
    from assay.connectors.evals.id_list import read_ids

    return read_ids(content, name=name)


def expect_results(*places: str | None) -> None:
    """Start what decodes these results where that is a process of its own: it loads while this one does."""
    from assay.connectors.evals.parquet_child import prepare_for

    prepare_for(places)


def read_evaluation(
    where: str, *, reader: str | None = None, metrics: Sequence[Metric] = (), needs: Needs | None = None
) -> Evaluation:
    """What do these results of an evaluation hold? See `assay.connectors.evals.read.read_evaluation`."""
    from assay.connectors.evals.read import read_evaluation as read

    return read(where, reader=reader, metrics=metrics, needs=needs)


def refuse_one_place(candidate: str, baseline: str) -> None:
    """Nothing is compared with itself. See `assay.connectors.evals.read.refuse_one_place`."""
    from assay.connectors.evals.read import refuse_one_place as refuse

    refuse(candidate, baseline)


def search_leaks(
    gate: Gate, evaluation: Evaluation, folder: Path, told: Callable[[int, int], None]
) -> Mapping[int, Overlap]:
    """What does the evaluation share with training data? See `assay.connectors.evals.leak_search.search_leaks`."""
    from assay.connectors.evals.leak_search import search_leaks as search

    return search(gate, evaluation, folder, told)


def read_frames(
    results: object,
    *,
    name: str,
    metrics: Sequence[Metric] = (),
    needs: Needs | None = None,
    metric: str | None = None,
    sample_ids: Sequence[object] | None = None,
    slices: Mapping[str, Sequence[object]] | None = None,
) -> Evaluation:
    """What do arrays or data frames of results hold? See `assay.connectors.evals.frames.read_frames`."""
    from assay.connectors.evals.frames import read_frames as read

    return read(
        results, name=name, metrics=metrics, needs=needs, metric=metric, sample_ids=sample_ids, slices=slices
    )


def read_text(file: Path) -> str:
    """The text of a file that a person wrote, such as a gate or a ticket.

    Raises:
        NotFound: there is no such file.
        Invalid: too large, or not UTF-8.
        Unavailable: it cannot be read.
    """
    content = _content(file, TEXT_MAX_BYTES + 1)
    if len(content) > TEXT_MAX_BYTES:
        raise Invalid(
            f"cannot read file '{file}': more than {TEXT_MAX_BYTES} bytes (expected less)",
            hint="send a smaller file",
            code="file-too-large",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            f"cannot read file '{file}': byte {error.start} is not UTF-8 (expected UTF-8 text)",
            hint="save it as UTF-8, then run the command again",
            code="file-invalid",
        ) from None


def read_attachment(file: Path) -> bytes:
    """The bytes of a file that shall belong to a ticket; the server refuses one that is too large.

    Raises:
        NotFound: there is no such file.
        Unavailable: it cannot be read.
    """
    from assay.workflows.attachments import MAX_ATTACHMENT_BYTES

    return _content(file, MAX_ATTACHMENT_BYTES + 1)


def read_gate(file: Path) -> Gate:
    """The gate in a file, with the golden examples that its files beside it name and its items shown by such files.

    Raises:
        Invalid, NotFound, Unavailable: naming the file and what mends it.
    """
    from assay.domain.gates.gate import GoldenCheck
    from assay.domain.gates.item_evidence import item_files, with_item_files
    from assay.workflows.gate_file import gate_from_text

    def whole(check: GoldenCheck) -> GoldenCheck:
        return check if check.file is None else check.with_file(*read_id_list(file.parent / check.file))

    gate = gate_from_text(read_text(file), file=str(file))
    checks = tuple(whole(check) if isinstance(check, GoldenCheck) else check for check in gate.checks)
    gate = gate.model_copy(update={"checks": checks})
    named = item_files(gate)
    return with_item_files(gate, [_file_seen(file.parent, name, gate) for name in named]) if named else gate


def _file_seen(folder: Path, name: str, gate: Gate) -> FileSeen:
    """What stands beside a gate under this name; a folder is no file, and a large file is known by its size."""
    from assay.domain.gates.item_evidence import FileSeen
    from assay.workflows.item_files import MAX_BYTES, file_seen

    path = folder / name
    try:
        size = path.stat().st_size if path.is_file() else None
        if size is None or size > MAX_BYTES:
            return FileSeen(name, size)
        return file_seen(gate, name, path.read_bytes(), _read_upload)
    except OSError as error:
        raise Unavailable(
            f"cannot read file '{path}': {error.strerror}",
            hint="look at the rights of the file",
            code="file-unreadable",
        ) from error


def read_id_list(file: Path) -> tuple[tuple[str, ...], str]:
    """The example ids that a file lists, one a row, and the digest of its bytes.

    Raises:
        NotFound: there is no such file.
        Invalid: it is no list of ids.
        Unavailable: it cannot be read.
    """
    from assay.connectors.evals.id_list import MAX_BYTES, read_ids

    content = _content(file, MAX_BYTES + 1)
    return read_ids(content, name=str(file))


@contextmanager
def seeds_of_command(
    work: SeedWork,
    *,
    reader: str | None,
    metrics: Sequence[Metric],
    tell: Callable[[SeedTold], None],
    show: Callable[[Progress], None],
    forget: bool,
) -> Iterator[SeedRunner]:
    """The seeds of a team's own evaluation command. See `assay.connectors.commands.runner.SeedsOfCommand`."""
    from assay.connectors.commands.runner import SeedsOfCommand
    from assay.connectors.evals.read import read_evaluation as read

    def reads(folder: Path) -> Evaluation:
        return read(folder, reader=reader, metrics=metrics)

    with SeedsOfCommand(work, reads=reads, tell=tell, show=show, forget=forget) as runner:
        yield runner


def _content(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(most)
    except FileNotFoundError:
        raise NotFound(
            f"cannot read file '{file}': there is no such file",
            hint="name a file that is there",
            code="file-missing",
        ) from None
    except OSError as error:
        raise Unavailable(
            f"cannot read file '{file}': {error.strerror}",
            hint="look at the rights of the file",
            code="file-unreadable",
        ) from error


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"cannot use home '{home}': {error.strerror} (expected a folder that this account may write)",
            hint="set ASSAY_HOME to another folder",
            code="home-not-usable",
        ) from error


def make_backup(ws: Workspace, target: Path) -> dict[str, Any]:
    """Write everything that this workspace remembers to one verified file; returns its manifest.

    Raises:
        Conflict: the target exists.
        Unavailable: it cannot be written.
    """
    from assay.storage.backup import back_up

    return asdict(back_up(_own_store(ws), target, at=ws.clock()))


def restore_backup(settings: Settings, source: Path, *, replace: bool) -> Path | None:
    """Put a backup in the place of the store of this installation; returns where the old one is kept, if there was one.

    Raises:
        Unavailable: a process uses the store.
        Invalid: the backup is damaged.
        Refused: the store is not empty. One of SQLite is replaced all the same where `replace` is true.
    """
    from assay.storage.backup import restore_file, restore_into
    from assay.storage.open import open_store

    file = _sqlite_file(settings)
    if file is not None:
        return restore_file(source, file, at=_now(), replace=replace)
    with open_store(settings.store_url) as store:
        restore_into(source, store)
    return None


def diagnose(ws: Workspace) -> list[dict[str, Any]]:
    """What is to be said about store, trackers and webhooks of this workspace? Rows of name, value, ok, advice."""
    from assay.storage.diagnose import storage_facts
    from assay.workflows.webhooks import webhook_facts

    rows = [asdict(fact) for fact in storage_facts(_own_store(ws), thorough=True)]
    with ws.store.read() as tx:
        found = [(project.slug, source) for project in tx.projects() for source in tx.sources(project.id)]
    return [*rows, *(_tracker_fact(ws, slug, source) for slug, source in found), *webhook_facts(ws)]


def _tracker_fact(ws: Workspace, slug: str, source: Source) -> dict[str, Any]:
    name = f"tracker {source.name} of {slug}"
    try:
        return {"name": name, "value": ws.sources[source.kind].check(source), "ok": True, "advice": ""}
    except AssayError as error:
        return {"name": name, "value": error.message, "ok": False, "advice": error.hint or "is it running?"}


def running_server(settings: Settings) -> str | None:
    """Where another process serves this installation, None when none does.

    Raises:
        Unavailable: a process that does not serve holds the store.
    """
    from assay.storage.lockfile import holder_of

    file = _sqlite_file(settings)
    holder = holder_of(file) if file is not None else None
    if holder is None:
        return None
    if not holder.get("url"):
        raise Unavailable(
            f"cannot open the store: process {holder.get('pid') or 'unknown'} is using it (expected none, or a server)",
            hint="wait for it to end, then try again",
            code="database-in-use",
        )
    return str(holder["url"])


def offline_verifier() -> str:
    """The source of the program that an auditor runs without Assay."""
    from assay.connectors.signing import offline_verifier_source

    return offline_verifier_source()


def _sqlite_file(settings: Settings) -> Path | None:
    kind, _, path = settings.store_url.partition(":///")
    return Path(path) if kind == "sqlite" and path else None


def _own_store(ws: Workspace) -> SqliteStore | PostgresStore:
    from assay.storage.postgres_store import PostgresStore
    from assay.storage.sqlite_store import SqliteStore

    assert isinstance(ws.store, SqliteStore | PostgresStore)
    return ws.store
