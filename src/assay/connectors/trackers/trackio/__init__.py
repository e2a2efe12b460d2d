"""Reads Trackio: a SQLite file a project."""
