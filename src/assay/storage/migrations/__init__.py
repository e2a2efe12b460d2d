"""The versions of the database, oldest first."""

VERSIONS = ("0001",)
HEAD = VERSIONS[-1]
