"""The storage contract on SQLite."""

import pytest

from assay.testing.storage_contract import StorageContract


class TestSqlite(StorageContract):
    @pytest.fixture
    def store(self, sqlite_store):
        return sqlite_store
