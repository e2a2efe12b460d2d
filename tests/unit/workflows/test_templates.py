"""Templates of a project: what a kind of ticket usually says, as it was written."""

import pytest

from assay.domain.gates.settings import VerdictSettings
from assay.errors import Invalid, NotFound, Refused, StaleVersion
from assay.workflows.projects import get_project, save_settings
from assay.workflows.templates import (
    MOST_TEMPLATES,
    drop_template,
    list_templates,
    put_template,
    template_content,
)
from tests.unit.workflows.conftest import ADA

SLUG = "chatbot"
TEXT = "# five days, never more\ntype: spike\ntime_box_days: 5\n"


def put(ws, name="cpu-spike", text=TEXT, version=None):
    return put_template(ws, ADA, SLUG, name, text, expected_version=version)


def test_template_is_kept_as_it_was_written_and_begins_a_ticket(ws):
    put(ws, "b")
    put(ws, "a", "title: Try a prompt\naxis: prompt\n")
    assert [(one.name, one.text) for one in list_templates(ws, ADA, SLUG)] == [
        ("a", "title: Try a prompt\naxis: prompt\n"),
        ("b", TEXT),
    ]
    assert (template_content(ws, ADA, SLUG, "a").title, template_content(ws, ADA, SLUG, "b").title) == (
        "Try a prompt",
        "-",
    )
    drop_template(ws, ADA, SLUG, "a", expected_version=None)
    with pytest.raises(NotFound, match="expected one of: b"):
        template_content(ws, ADA, SLUG, "a")


def test_same_template_again_is_no_change_and_settings_leave_templates_alone(ws):
    put(ws)
    before = ws.store.last_seq()
    version = put(ws).version
    assert ws.store.last_seq() == before
    save_settings(ws, ADA, SLUG, expected_version=version, verdicts=VerdictSettings(alpha=0.01))
    assert [one.name for one in list_templates(ws, ADA, SLUG)] == ["cpu-spike"]
    assert get_project(ws, ADA, SLUG).settings.verdicts.alpha == 0.01


def test_template_changed_from_another_version_is_refused(ws):
    put(ws)
    with pytest.raises(StaleVersion):
        put(ws, text="type: data\n", version=get_project(ws, ADA, SLUG).version + 1)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("", TEXT, "template-name"),
        ("Upper", TEXT, "template-name"),
        ("a/../b", TEXT, "template-name"),
        ("a" * 41, TEXT, "template-name"),
        ("a", "", "file-invalid"),
        ("a", "type: spyke", "field-invalid"),
        ("a", "tyqe: spike", "field-unknown"),
        ("a", "key: EXP-1", "field-unknown"),
        ("a", "x: &a 1", "file-invalid"),
        ("a", "method: " + "x" * 20_000, "template-too-long"),
    ],
)
def test_template_that_begins_no_ticket_is_refused(ws, name, text, code):
    with pytest.raises(Invalid) as caught:
        put(ws, name, text)
    assert caught.value.code == code
    assert list_templates(ws, ADA, SLUG) == ()


def test_project_has_so_many_templates_and_no_more(ws):
    for number in range(MOST_TEMPLATES):
        put(ws, f"t{number}", f"time_box_days: {number + 1}\n")
    with pytest.raises(Refused, match="has 50"):
        put(ws, "more")
    put(ws, "t0", "time_box_days: 9\n")
