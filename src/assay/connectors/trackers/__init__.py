"""Readers of experiment trackers."""
