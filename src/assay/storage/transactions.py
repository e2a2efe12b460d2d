"""What can be asked and changed in one transaction: every repository and every page, over one session."""

from __future__ import annotations

from sqlalchemy import Connection

from assay.domain.governance.journal import JournalHead
from assay.storage.queries.back_test import BackTestQueries
from assay.storage.queries.backlog import BacklogQueries
from assay.storage.queries.board import BoardQueries
from assay.storage.queries.compared import ComparedQueries
from assay.storage.queries.experiments import ExperimentQueries
from assay.storage.queries.flow import FlowQueries
from assay.storage.queries.gates import GateQueries
from assay.storage.queries.inbox import InboxQueries
from assay.storage.queries.journal import JournalQueries
from assay.storage.queries.lanes import LaneQueries
from assay.storage.queries.overview import OverviewQueries
from assay.storage.queries.planning import PlanningQueries
from assay.storage.queries.runs import RunQueries
from assay.storage.queries.search import SearchQueries
from assay.storage.queries.signs import SignQueries
from assay.storage.queries.sprints import SprintQueries
from assay.storage.repositories.blockers import BlockerReader, BlockerWriter
from assay.storage.repositories.company import CompanyReader, CompanyWriter
from assay.storage.repositories.evidence import EvidenceReader, EvidenceWriter
from assay.storage.repositories.gates import GateReader, GateWriter
from assay.storage.repositories.journal import JournalReader, JournalWriter
from assay.storage.repositories.kept import KeptReader, KeptWriter
from assay.storage.repositories.pipelines import PipelineReader, PipelineWriter
from assay.storage.repositories.projects import ProjectReader, ProjectWriter
from assay.storage.repositories.runs import RunReader, RunWriter
from assay.storage.repositories.sprints import SprintReader, SprintWriter
from assay.storage.repositories.talk import TalkReader, TalkWriter
from assay.storage.repositories.tickets import TicketReader, TicketWriter
from assay.storage.repositories.webhooks import WebhookReader, WebhookWriter


class Reading(
    BoardQueries,
    LaneQueries,
    BacklogQueries,
    ExperimentQueries,
    RunQueries,
    ComparedQueries,
    GateQueries,
    FlowQueries,
    PlanningQueries,
    OverviewQueries,
    JournalQueries,
    InboxQueries,
    SearchQueries,
    SprintQueries,
    SignQueries,
    BackTestQueries,
    ProjectReader,
    TicketReader,
    TalkReader,
    CompanyReader,
    SprintReader,
    BlockerReader,
    KeptReader,
    PipelineReader,
    WebhookReader,
    RunReader,
    EvidenceReader,
    GateReader,
    JournalReader,
):
    """One consistent view (port `ReadTransaction`)."""

    __slots__ = ()


class Writing(
    JournalWriter,
    ProjectWriter,
    TicketWriter,
    TalkWriter,
    CompanyWriter,
    SprintWriter,
    BlockerWriter,
    KeptWriter,
    PipelineWriter,
    WebhookWriter,
    RunWriter,
    EvidenceWriter,
    GateWriter,
    BoardQueries,
    LaneQueries,
    BacklogQueries,
    ExperimentQueries,
    RunQueries,
    ComparedQueries,
    GateQueries,
    FlowQueries,
    PlanningQueries,
    OverviewQueries,
    JournalQueries,
    InboxQueries,
    SearchQueries,
    SprintQueries,
    SignQueries,
    BackTestQueries,
):
    """Changes that become durable together or not at all (port `WriteTransaction`).

    Args:
        head: the journal's head where the caller knows it (the single writer on SQLite); None reads it when needed.
    """

    __slots__ = ()

    def __init__(self, connection: Connection, *, head: JournalHead | None = None) -> None:
        super().__init__(connection)
        self.appended = head
