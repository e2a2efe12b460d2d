"""The files a browser loads are ours to ship, few, and name no other host."""

import gzip
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "src" / "assay" / "web" / "static"
VENDOR = STATIC / "vendor"
# Loaded only on pages that show a chart, or a hash.
ON_SOME_PAGES = {"vega.js", "jetbrains-mono-latin.woff2"}
LOADED = {".css", ".js", ".woff2", ".svg"}
# The first load of the board may cost 150 kB; the page itself needs the rest.
MAX_BYTES = 125_000


def test_what_every_page_loads_fits_into_its_share_of_the_first_load():
    files = [path for path in STATIC.rglob("*") if path.suffix in LOADED and path.name not in ON_SOME_PAGES]
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in files}
    assert {"htmx.min.js", "Sortable.min.js", "inter-latin.woff2"} <= sizes.keys()
    assert sum(sizes.values()) <= MAX_BYTES, sizes


@pytest.mark.parametrize("package", ["htmx", "sortablejs", "inter", "jetbrains-mono"])
def test_licence_of_a_shipped_file_lies_beside_it(package):
    assert (VENDOR / f"LICENSE.{package}.txt").stat().st_size > 100


def test_style_sheets_and_our_scripts_name_no_other_host():
    ours = [*STATIC.rglob("*.css"), *(path for path in STATIC.rglob("*.js") if VENDOR not in path.parents)]
    named = {
        path.name: found
        for path in ours
        if (found := re.findall(r"https?://(?!www\.w3\.org/)[^\s\"')]+", path.read_text(encoding="utf-8")))
    }
    assert named == {}


def test_fonts_are_found_where_the_style_sheet_says():
    sheet = (VENDOR / "fonts.css").read_text(encoding="utf-8")
    files = re.findall(r'url\("([^"]+)"\)', sheet)
    assert len(files) == 2
    assert all((VENDOR / name).read_bytes()[:4] == b"wOF2" for name in files)


def test_chart_library_announces_itself_to_the_page():
    assert "window.vegaEmbed=" in (VENDOR / "vega.js").read_text(encoding="utf-8")
