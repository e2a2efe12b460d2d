import doctest
import importlib
import pkgutil

import pytest

import assay.stats

MODULES = [module.name for module in pkgutil.iter_modules(assay.stats.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_docstrings_give_what_they_show(name):
    module = importlib.import_module(f"assay.stats.{name}")
    failed, _ = doctest.testmod(module)
    assert failed == 0
