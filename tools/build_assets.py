"""Collect the files pages load in the browser into src/assay/web/static/vendor.

htmx, SortableJS and the fonts come from npm (package-lock.json); the chart library comes out of vl-convert, so that charts
in the browser and charts in reports are drawn by the same version. Nothing is done when the files are there and
belong to the present lock file, so that someone who builds from a source archive needs neither Node nor npm.

Run `python tools/build_assets.py` after changing package-lock.json or the version of vl-convert; `--force` makes them
again, `--sizes` prints how many bytes they are on the wire.
"""

import gzip
import hashlib
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

VENDOR = Path("src/assay/web/static/vendor")
STAMP = ".built-from"
CHARTS = "vega.js"

# Where a file is found below node_modules -> what it is called in the product.
COPIED = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "sortablejs/Sortable.min.js": "Sortable.min.js",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2": "jetbrains-mono-latin.woff2",
    "htmx.org/LICENSE": "LICENSE.htmx.txt",
    "sortablejs/LICENSE": "LICENSE.sortablejs.txt",
    "@fontsource-variable/inter/LICENSE": "LICENSE.inter.txt",
    "@fontsource-variable/jetbrains-mono/LICENSE": "LICENSE.jetbrains-mono.txt",
}

LATIN = (
    "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+0304, U+0308, U+0329, "
    "U+2000-206F, U+20AC, U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD"
)
FONT_FACE = """@font-face {{
  font-family: "{family}";
  font-style: normal;
  font-weight: {weights};
  font-display: swap;
  src: url("{file}") format("woff2");
  unicode-range: {unicode_range};
}}
"""
FONTS = [
    ("Inter Variable", "100 900", "inter-latin.woff2"),
    ("JetBrains Mono Variable", "100 800", "jetbrains-mono-latin.woff2"),
]


def build(root: Path, *, force: bool = False) -> bool:
    """Were the browser files made anew? False when those present belong to the present lock file."""
    vendor = root / VENDOR
    wanted = _fingerprint(root)
    # A source archive carries the files it was released with, whatever version of vl-convert builds it now.
    archive = (root / "PKG-INFO").is_file()
    if not force and _is_complete(vendor, wanted, archive=archive):
        return False
    _install_npm_packages(root)
    vendor.mkdir(parents=True, exist_ok=True)
    for source, target in COPIED.items():
        shutil.copyfile(root / "node_modules" / source, vendor / target)
    (vendor / "fonts.css").write_text(_font_faces(), encoding="utf-8")
    _write_chart_library(vendor / CHARTS)
    (vendor / STAMP).write_text(wanted, encoding="utf-8")
    return True


def _fingerprint(root: Path) -> str:
    """What the files are made from: the npm lock, this script and the version of vl-convert."""
    digest = hashlib.sha256()
    for name in ("package-lock.json", "tools/build_assets.py"):
        digest.update((root / name).read_bytes())
    digest.update(metadata.version("vl-convert-python").encode())
    return digest.hexdigest()


def _is_complete(vendor: Path, wanted: str, *, archive: bool) -> bool:
    stamp = vendor / STAMP
    if not stamp.is_file() or (not archive and stamp.read_text(encoding="utf-8") != wanted):
        return False
    return all((vendor / name).is_file() for name in (*COPIED.values(), "fonts.css", CHARTS))


def _install_npm_packages(root: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        sys.exit(
            "cannot build the browser files: npm was not found (expected Node.js 18 or newer with npm).\n"
            "Install it from your system's packages, for example `apt-get install nodejs npm`, and run the command again."
        )
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        sys.exit(
            f"cannot install the browser files: `{' '.join(command[1:])}` failed:\n{done.stderr or done.stdout}"
        )


def _font_faces() -> str:
    return "".join(
        FONT_FACE.format(family=family, weights=weights, file=file, unicode_range=LATIN)
        for family, weights, file in FONTS
    )


def _write_chart_library(path: Path) -> None:
    import vl_convert

    path.write_text(vl_convert.javascript_bundle(), encoding="utf-8")


def _sizes(vendor: Path) -> str:
    lines = [f"{'file':28} {'bytes':>9} {'gzipped':>9}"]
    for file in sorted(vendor.iterdir()):
        content = file.read_bytes()
        lines.append(f"{file.name:28} {len(content):9,} {len(gzip.compress(content, 9)):9,}")
    return "\n".join(lines)


if __name__ == "__main__":
    project = Path(__file__).resolve().parent.parent
    made = build(project, force="--force" in sys.argv[1:])
    print("browser files made" if made else "browser files are up to date")
    if "--sizes" in sys.argv[1:]:
        print(_sizes(project / VENDOR))
