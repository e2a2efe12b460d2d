"""The one door to what is remembered: `open_store`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.storage.open import open_store

__all__ = ["open_store"]


def __getattr__(name: str) -> Any:
    """Imported when first used: asking the lock file who serves must not cost a second of database libraries."""
    if name == "open_store":
        from assay.storage.open import open_store

        return open_store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
