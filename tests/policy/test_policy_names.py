"""The names that kms_katas.policy gives to others."""

import pkgutil
import subprocess
import sys

import pytest

from kms_katas import policy


@pytest.mark.parametrize("name", policy.__all__)
def test_a_name_is_what_it_says_even_after_all_modules_were_loaded(name):
    """A module of the same name would take the place of the function as soon as anybody loads it."""
    assert name not in [module.name for module in pkgutil.iter_modules(policy.__path__)]
    assert getattr(policy, name) is not None


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="nobody"):
        policy.nobody  # noqa: B018


def test_reading_a_policy_loads_nothing_that_decides():
    look = "import sys, kms_katas.policy as p; p.parse_document; print('kms_katas.policy.evaluate' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", look], text=True).strip() == "False"
