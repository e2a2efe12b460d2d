"""What stands around every page: navigation, project, person, token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation."""

    label: str
    href: str
    current: bool
    count: str = ""
    """How much is new there."""


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Entries under one heading."""

    label: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True, slots=True)
class ProjectChoice:
    """One project in the switch on top of the navigation."""

    name: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of a page."""

    title: str
    """What the browser tab says."""
    theme: str
    """`light`, `dark` or `auto`."""
    csrf_token: str
    slug: str | None
    """The project of the page, None where there is none."""
    project_name: str
    projects: tuple[ProjectChoice, ...]
    groups: tuple[NavGroup, ...]
    twin: str
    """Address of the same facts as JSON, empty where there are none."""
    body_class: str
    message: str
    """What the last form did, such as "Moved."; empty otherwise."""
    scripts: tuple[str, ...] = ()
    """Scripts of this page beside those of every page."""
    sheets: tuple[str, ...] = ()
    """Style sheets of this page beside those of every page."""
    live_seq: int | None = None
    """The journal entry up to which the page is true, where it follows what comes after; None where it does not."""


MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "created": "Ticket created.",
        "saved": "Saved.",
        "amended": "Saved as an amendment. It is dated and shown on the verdict.",
        "moved": "Moved.",
        "template-kept": "The template is kept.",
        "template-removed": "The template is removed. Tickets that began with it stay.",
        "ordered": "The order is changed.",
        "bulk-undone": "Taken back.",
        "bulk-nothing": "Nothing was to be changed: they are so already.",
        "overridden": "Moved by an override. The reason is in the journal and on the card.",
        "decided": "Decision recorded.",
        "stale-killed": "Killed, with what was learned. Their cards went where a kill leads, where the board lets them.",
        "decided-not-moved": "Decision recorded. The card stays where it is.",
        "noted": "Note added.",
        "snoozed": "Snoozed. The verdict still says it; nobody is pressed until then.",
        "woken": "It is pressed again.",
        "blocked": "Blocker opened. Its age is on the card.",
        "unblocked": "Blocker closed.",
        "marked-read": "Marked as read.",
        "history-imported": "The history is here. Figures of past days count its moves by when they happened.",
        "unread-again": "New again.",
        "watched": "Followed.",
        "unwatched": "No longer followed.",
        "file-attached": "Attached.",
        "file-removed": "The file is taken off, and its content deleted where nothing else needs it. The journal keeps name and digest.",
        "confirmed": "Confirmed.",
        "withdrawn": "Confirmation taken back.",
        "linked": "Link added.",
        "unlinked": "Link removed.",
        "attached": "Run attached.",
        "detached": "Run detached.",
        "deleted": "Ticket deleted. The journal keeps that it existed.",
        "webhook-on": "Switched on. It is told of what happens from now on.",
        "webhook-off": "Switched off. What happens until it is on again is not told.",
        "webhook-removed": "The webhook is removed. It is told nothing more.",
        "sent-again": "It is sent again, with what waits for it.",
        "metric": "Metric declared.",
        "metric-dropped": "Metric removed.",
        "connected": "Source connected.",
        "disconnected": "Source disconnected. Runs already read stay.",
        "synced": "Sync finished.",
        "rules-set": "The kill rules are set. They hold for every open ticket from its next verdict on.",
        "rules-back": "The kill rules are as they were before.",
        "recomputed": "Verdict computed again.",
        "checkpoint": "Checkpoint signed.",
        "project": "Project created.",
        "broken-down": "Broken down into tickets of both backlogs.",
        "gate-added": "Gate added.",
        "gate-changed": "Saved as the next version.",
        "judged": "Judged. The answer is kept with the files it was made of.",
        "planned": "Planned. Now choose what the team will run: Planning has them in the order of their worth.",
        "sprint-started": "The sprint runs. From here on changes of its scope are recorded as such.",
        "sprint-ended": "The sprint has ended. Review and retro show it as it stood now; Reopen lets it go on.",
        "sprint-reopened": "The sprint goes on.",
        "sprint-cancelled": "The sprint is cancelled, and stays in the list. Plan it again takes it back, with its tickets.",
        "sprint-restored": "The sprint is planned again, with those of its tickets that are still open and in no other planned sprint.",
        "committed": "Taken in.",
        "released": "Taken out. The commitment stays in the history.",
        "flagged": "Flagged for extension.",
        "unflagged": "The flag is taken back.",
        "improvement": "The improvement is a ticket now. The next retro opens with it.",
        "followed-up": "Follow-up ticket created.",
    }
)
"""What a form says after it redirected, by the short word in the address: the address never carries text to show."""
