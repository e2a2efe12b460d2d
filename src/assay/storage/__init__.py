"""The one door to what is remembered: `open_store`."""

from assay.storage.open import open_store

__all__ = ["open_store"]
