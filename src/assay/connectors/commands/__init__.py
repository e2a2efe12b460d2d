"""Runs a team's own evaluation command, one process group a seed, and keeps what it wrote."""
