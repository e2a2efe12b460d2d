"""Templates: what they are given is documented, used, and never computed with."""

import dataclasses
import importlib
import pkgutil
import re
from importlib import resources

import pytest

import assay.web
from assay.web import happenings

TEMPLATES = resources.files("assay.web") / "templates"


def modules():
    for found in pkgutil.walk_packages(assay.web.__path__, "assay.web."):
        yield importlib.import_module(found.name)


def contexts():
    """Every dataclass that says which template it is for."""
    found = {}
    for module in modules():
        for thing in vars(module).values():
            if not (isinstance(thing, type) and dataclasses.is_dataclass(thing)):
                continue
            named = re.findall(r"[\w/]+\.html", (thing.__doc__ or "").partition(":")[0])
            if named and "Context of" in thing.__doc__:
                found[thing] = named
    return found


def source(name, seen=None):
    """A template with everything it includes."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    return text + "".join(source(inner) for inner in re.findall(r'{% include "([^"]+)" %}', text))


def all_templates(folder=TEMPLATES, prefix=""):
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            yield from all_templates(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name


def test_every_page_template_has_a_context():
    named = {name for names in contexts().values() for name in names}
    pages = {name for name in all_templates() if name.startswith("pages/")}
    assert pages - named == set()


@pytest.mark.parametrize("context", list(contexts()), ids=lambda c: c.__name__)
def test_every_field_of_a_context_is_used_by_its_template(context):
    text = "".join(source(name) for name in contexts()[context])
    unused = [f.name for f in dataclasses.fields(context) if not re.search(rf"\b{f.name}\b", text)]
    assert unused == []


@pytest.mark.parametrize("context", list(contexts()), ids=lambda c: c.__name__)
def test_every_context_is_frozen(context):
    assert context.__dataclass_params__.frozen


@pytest.mark.parametrize("name", list(all_templates()))
def test_template_computes_nothing(name):
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    code = re.findall(r"{[{%](.*?)[}%]}", text, flags=re.DOTALL)
    bare = [re.sub(r'"[^"]*"|\'[^\']*\'', "", one) for one in code]
    assert [
        one for one in bare if re.search(r"\s[*/+-]\s|//|\bround\b|\bsum\b|\|sort\b|\|selectattr", one)
    ] == []
    assert "|safe" not in text


def test_every_kind_of_journal_entry_has_a_sentence():
    written = set()
    for package in ("assay.workflows",):
        folder = resources.files(package)
        for entry in folder.iterdir():
            if entry.name.endswith(".py"):
                text = entry.read_text(encoding="utf-8")
                written |= set(re.findall(r'Event\.of\(\s*"([a-z_.]+)"', text))
    assert written - set(happenings.KINDS) == set()
