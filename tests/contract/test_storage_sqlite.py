"""The storage contract on SQLite."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from assay.storage.types import Moment
from assay.testing.storage_contract import StorageContract


class TestSqlite(StorageContract):
    @pytest.fixture
    def store(self, sqlite_store):
        return sqlite_store


_FULL_SECONDS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)).map(  # noqa: DTZ001 - zones follow
    lambda moment: moment.replace(microsecond=0)
)


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)) | _FULL_SECONDS,  # noqa: DTZ001
    st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))]),
)
def test_moments_are_stored_in_utc_with_six_digits_so_that_texts_sort_as_they_do(naive, zone):
    moment = naive.replace(tzinfo=zone)
    stored = Moment.process_bind_param(moment, sqlite.dialect())
    assert stored == moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert Moment.process_result_value(stored, sqlite.dialect()) == moment
