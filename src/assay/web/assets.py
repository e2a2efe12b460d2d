"""Static files: read once, compressed once, addressed by the digest of all of them so that browsers keep them for good."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
COMPRESSED = frozenset({".css", ".js", ".svg"})


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file with both of its forms."""

    body: bytes
    media_type: str
    compressed: bool
    """Whether a gzip form is worth sending."""

    def gzipped(self) -> bytes:
        """The same bytes as gzip, made once."""
        return _gzipped(self.body)


@cache
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, 9, mtime=0)


def _walk(folder: Traversable, prefix: str = "") -> dict[str, Traversable]:
    found: dict[str, Traversable] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _walk(entry, f"{prefix}{entry.name}/")
        elif any(entry.name.endswith(suffix) for suffix in MEDIA_TYPES):
            found[prefix + entry.name] = entry
    return found


@cache
def assets() -> dict[str, Asset]:
    """Every file a page may ask for, by its path below static/. Nothing else is ever opened."""
    loaded = {}
    for path, entry in sorted(_walk(resources.files("assay.web") / "static").items()):
        suffix = path[path.rindex(".") :]
        loaded[path] = Asset(entry.read_bytes(), MEDIA_TYPES[suffix], suffix in COMPRESSED)
    return loaded


@cache
def digest() -> str:
    """Short digest of all static files: part of every address, so a new version is a new address."""
    total = hashlib.sha256()
    for path, asset in assets().items():
        total.update(path.encode() + b"\0" + hashlib.sha256(asset.body).digest())
    return total.hexdigest()[:16]


def url(path: str) -> str:
    """Where a page finds a static file. KeyError for one that does not exist, so a typing slip fails at once."""
    assets()[path]
    return f"/static/{digest()}/{path}"
