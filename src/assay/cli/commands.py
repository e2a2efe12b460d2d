"""Which commands are there, and which module knows each? Nothing is imported to answer."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One word after `assay`."""

    name: str
    module: str
    help: str


SECTIONS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Start",
        (
            Entry("init", "setup", "Make an installation in this folder."),
            Entry("connect", "evidence", "Connect a tracker, such as MLflow, and read its runs."),
            Entry("up", "serve", "Serve the board in the browser until Ctrl-C."),
            Entry("demo", "serve", "Train real models and see their verdicts."),
        ),
    ),
    (
        "Decide",
        (
            Entry("overview", "overview", "Show where the project stands."),
            Entry("state", "state", "Show phase, headline metric and sprint, and what may come."),
            Entry("board", "board", "Show the board; take it out and in as a file."),
            Entry("inbox", "inbox", "Show what others did on the tickets you follow."),
            Entry("filter", "saved_filters", "Keep filters of board and list under names."),
            Entry("backlog", "backlog", "Show what waits: product backlog and experiment backlog."),
            Entry("ticket", "ticket", "Write, read and change tickets."),
            Entry("template", "template", "Keep what tickets of a kind usually say."),
            Entry("import", "ticket_files", "Bring ticket files in, such as tickets/*.yaml."),
            Entry("export", "ticket_files", "Write every ticket to a file of its own."),
            Entry("criteria", "criteria", "Check how a criterion is read."),
            Entry("blocker", "blocker", "Say what is in the way of tickets, list it, close it."),
            Entry("move", "board", "Move a card to another column."),
            Entry("verdict", "verdict", "Show what the evidence says about a ticket."),
            Entry("gate", "gate", "Check evaluation results against a gate, also in CI."),
            Entry("decide", "verdict", "Record what was decided, and what was learned."),
            Entry("plan", "plan", "Rank what could be run next, with reasons and feasibility."),
            Entry("sprint", "sprint", "Plan a sprint, commit, meet, look back."),
            Entry("canvas", "canvas", "Say what the project is for, and see how it stands."),
            Entry("choice", "choice", "Compare building, fine-tuning and buying; keep the decision."),
            Entry("phase", "phase", "Say how far the project is, and see whether the sprint fits."),
            Entry("search", "search", "Find tickets, and what was tried before."),
            Entry("diagnose", "diagnose", "Say why the team does not ship, by its own data."),
            Entry("flow", "flow", "Show how work flows: decisions, cycle time, kill rate, age."),
            Entry("backtest", "backtest", "Say what kill rules would have done to past runs."),
        ),
    ),
    (
        "Evidence",
        (
            Entry("sync", "evidence", "Read what is new in the trackers."),
            Entry("source", "evidence", "List or disconnect trackers."),
            Entry("run", "run", "List, show, attach and detach runs."),
            Entry("replay", "verdict", "Compute a stored verdict again and compare."),
        ),
    ),
    (
        "Look after it",
        (
            Entry("project", "project", "Make, list, show and choose projects."),
            Entry("webhook", "webhook", "Tell other programs and chats what happens."),
            Entry("metric", "metric", "Declare what the metrics of a project mean."),
            Entry("audit", "audit", "Read, verify, prove and export the journal."),
            Entry("backup", "keep", "Write everything to one verified file."),
            Entry("restore", "keep", "Put a backup in the place of the store."),
            Entry("doctor", "doctor", "Check this installation and say how to mend it."),
            Entry("completion", "completion", "Print the completion script of a shell."),
        ),
    ),
)

BY_NAME = {entry.name: entry for _, entries in SECTIONS for entry in entries}


def root_help() -> str:
    """The answer to `assay --help`."""
    lines = [
        "Usage: assay COMMAND [ARGS]...",
        "",
        "  The decision layer for AI teams: experiments decided on evidence.",
    ]
    for title, entries in SECTIONS:
        lines += ["", f"{title}:", *(f"  {entry.name:<12}{entry.help}" for entry in entries)]
    lines += [
        "",
        "Options:",
        "  --version   Show the version.",
        "  --help      Show this; after a command, its own help with an example.",
        "",
        "Own data in three lines:  assay init;  assay connect mlflow sqlite:///mlflow.db;  assay up",
    ]
    return "\n".join(lines)
