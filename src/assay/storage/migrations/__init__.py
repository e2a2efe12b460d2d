"""The versions of the database, oldest first."""

VERSIONS = ("0001", "0002")
HEAD = VERSIONS[-1]
