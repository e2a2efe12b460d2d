"""Assay: experiments decided on evidence."""

__version__ = "0.1.0"
__all__ = ["__version__"]
