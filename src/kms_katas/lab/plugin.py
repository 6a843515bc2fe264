"""The pytest plugin for anyone's own tests: the fixture `lab`, and nothing else.

It loads boto3 and moto only when a test asks for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kms_katas.lab import Lab


@pytest.fixture
def lab() -> Iterator["Lab"]:
    """A fresh kms_katas.lab.Lab, open for one test."""
    from kms_katas.lab import Lab

    with Lab() as opened:
        yield opened
