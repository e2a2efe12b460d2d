"""Sprints: what a team commits to run, with which capacity, and what came of it."""
