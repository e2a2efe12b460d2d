"""The storage contract on PostgreSQL."""

import pytest

from assay.testing.storage_contract import StorageContract


@pytest.mark.postgres
class TestPostgres(StorageContract):
    @pytest.fixture
    def store(self, postgres_store):
        return postgres_store
