"""The page of ticket templates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """One template."""

    name: str
    text: str
    use_href: str
    lines: int


@dataclass(frozen=True, slots=True)
class TemplatesPage:
    """Context of pages/templates.html."""

    action: str
    csrf_token: str
    version: int
    templates: tuple[TemplateLine, ...]
    name: str
    text: str
    problem: str
    hint: str
    """What is wrong with what was typed; empty where nothing is."""
