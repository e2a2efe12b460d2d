"""Only names that mean the same zone on every machine are time zones of a project."""

import pytest
from pydantic_core import PydanticCustomError

from assay.domain.kernel.zones import known_time_zone


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "right/UTC", "posix/Europe/Berlin"])
def test_file_that_only_some_machines_have_is_no_time_zone(name):
    with pytest.raises(PydanticCustomError, match="no time zone is called"):
        known_time_zone(name)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_names_of_the_iana_database_are_time_zones(name):
    assert known_time_zone(name) == name
