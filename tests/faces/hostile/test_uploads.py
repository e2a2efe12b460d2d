"""Every hostile value in every field, file name and file of every form that carries files."""

import io
import json
import zipfile

import pytest

from tests.faces.hostile import corpus
from tests.faces.hostile.good_requests import SCORES, UPLOADS
from tests.faces.hostile.target import fault_of

BOUNDARY = b"----a7c1"
KIND = f"multipart/form-data; boundary={BOUNDARY.decode()}"
FILE_NAME = "scores.csv"


def form(fields, *, name=FILE_NAME):
    """The bytes of a form; files as bytes, text as text, file names as they are."""
    parts = []
    for field, value in fields.items():
        told = f'; filename="{name}"\r\ncontent-type: text/csv' if isinstance(value, bytes) else ""
        head = f'content-disposition: form-data; name="{field}"{told}'.encode("utf-8", "surrogatepass")
        content = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        parts.append(b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n")
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def judging(target, fields, **more):
    path = target.path("/api/v1/projects/{slug}/gates/{gate}/runs")
    return "POST", path, {"body": form(fields, **more), "kind": KIND}


def judged(target, fields):
    method, path, sent = judging(target, fields)
    return target.ask(method, path, **sent)


def test_every_field_of_every_form_with_files_is_in_its_example(operations):
    forms = {
        operation["operationId"]: operation["requestBody"]["content"]["multipart/form-data"]["schema"]
        for _, _, operation in operations
        if operation["operationId"] in UPLOADS
    }
    assert {name: set(one["properties"]) for name, one in forms.items()} == {
        name: set(one) for name, one in UPLOADS.items()
    }


def test_fields_of_uploads_stand_every_hostile_value(fresh):
    texts = [field for field, value in UPLOADS["judge_files"].items() if isinstance(value, str)]
    asked = [
        (field, text, {"candidate": SCORES, field: text[:5000]}) for field in texts for text in corpus.TEXTS
    ]
    assert (
        fresh.faults((f"{field} {text[:60]!r}", *judging(fresh, sent)) for field, text, sent in asked) == []
    )


def test_file_names_stand_every_hostile_value(fresh):
    def questions():
        for text in corpus.TEXTS:
            name = text[:3000].replace('"', "%22").replace("\r", " ").replace("\n", " ")
            yield f"file name {text[:60]!r}", *judging(fresh, {"candidate": SCORES}, name=name)

    assert fresh.faults(questions()) == []


def zipped(*entries, size=0):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in entries:
            archive.writestr(name, b"\0" * size)
    return content.getvalue()


CONTENTS = {
    "empty": b"",
    "zeros": b"\0" * 100_000,
    "no text": bytes(range(256)) * 100,
    "utf-16": SCORES.decode().encode("utf-16"),
    "one line of a million": b"a" * 1_000_000,
    "deep": b'{"version": 2, "eval": ' + b"[" * 200_000,
    "no end": b'[{"sample_id": "q1", "accuracy": 1',
    "a bomb": zipped("header.json", size=200_000_000),
    "leads outside": zipped("../../etc/passwd"),
    "half a zip": zipped("header.json", "samples/1.json")[:60],
    "half a parquet": b"PAR1" + b"\0" * 50,
    "a pickle": b"\x80\x04cos\nsystem\n(S'id'\ntR.",
    "entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><testsuite>&c;</testsuite>',
    "outside entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><testsuite name="&b;"/>',
    "not finite": b"sample_id,seed,metric,value\nq1,1,accuracy,nan\n",
    "twice": b"sample_id,seed,metric,value\nq1,1,accuracy,1\nq1,1,accuracy,0\n",
    "formula": b"sample_id,seed,metric,value\n=cmd|' /C calc'!A0,1,accuracy,1\n",
    "numbers beyond": b"sample_id,seed,metric,value\nq1,99999999999999999999999,accuracy,1e999\n",
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("side", ["candidate", "baseline"])
def test_files_that_are_broken_or_made_to_do_harm_are_refused_or_judged_and_never_pass(target, name, side):
    said = judged(target, {"candidate": SCORES, side: CONTENTS[name]})
    assert fault_of(said, f"{side} {name}") is None
    if side == "candidate" and said.status == 201:
        assert json.loads(said.body)["result"] != "pass"


def test_forms_that_are_no_forms_are_refused(target):
    path = target.path("/api/v1/projects/{slug}/gates/{gate}/runs")
    whole = form({"candidate": SCORES})
    broken = {
        "no boundary": ("multipart/form-data", whole),
        "another boundary": ("multipart/form-data; boundary=other", whole),
        "no end": (KIND, whole[:-10]),
        "no heads": (KIND, b"--" + BOUNDARY + b"\r\n\r\n\r\n--" + BOUNDARY + b"--"),
        "nothing": (KIND, b""),
        "a thousand fields": (KIND, form({f"f{number}": "x" for number in range(1000)})),
        "a boundary of 10,000": (f"multipart/form-data; boundary={'b' * 10_000}", whole),
        "json": ("multipart/form-data; boundary=x", b"{}"),
    }
    faults = [
        fault_of(target.ask("POST", path, body=body, kind=kind), name)
        for name, (kind, body) in broken.items()
    ]
    assert [fault for fault in faults if fault] == []
    assert all(target.ask("POST", path, body=b, kind=k).status >= 400 for k, b in broken.values())


def test_a_form_with_files_from_a_page_of_somebody_else_is_refused(target):
    path = target.path("/api/v1/projects/{slug}/gates/{gate}/runs")
    body = form({"candidate": SCORES})
    for headers in (
        [(b"origin", b"https://evil.example")],
        [(b"origin", b"http://127.0.0.1")],
        [(b"sec-fetch-site", b"cross-site")],
        [(b"cookie", b"assay_csrf=" + b"a" * 32)],
    ):
        named = [(name.decode(), value) for name, value in headers]
        assert target.ask("POST", path, body=body, kind=KIND, headers=named).status == 403
