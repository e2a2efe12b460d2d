"""What is known of this instance itself."""

from sqlalchemy import CheckConstraint, Column, Integer, Table

from assay.storage.tables.metadata import metadata
from assay.storage.types import Key

instance = Table(
    "instance",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="Always 1"),
    Column(
        "name", Key, nullable=False, comment="Random name made with the database; origin of its checkpoints"
    ),
    CheckConstraint("id = 1", name="one_row"),
    sqlite_strict=True,
    comment="The instance itself",
)
