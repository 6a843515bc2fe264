"""The engine against botocore's model of KMS, operation by operation: what is there, what is missing, and by name."""

import random
from typing import Any

import pytest

from kms_katas.lab.kms.fidelity import CAVEATS
from kms_katas.lab.kms.operations import OPERATIONS
from kms_katas.lab.kms.request import service_model

MODELLED = set(service_model().operation_names)


def test_every_operation_of_the_model_is_in_the_engine_and_says_how_far_it_goes() -> None:
    """A new operation of a later botocore fails here by name."""
    assert set(OPERATIONS) == set(CAVEATS) == MODELLED


def test_an_operation_that_the_engine_does_not_have_says_so_to_its_caller(
    raw: Any, least_request: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = random.choice(sorted(OPERATIONS))
    monkeypatch.delitem(OPERATIONS, operation)
    status, answer = raw(operation, least_request(operation))
    assert (status, answer["__type"]) == (400, "UnsupportedOperationException")
    assert answer["message"] == f"{operation} works on AWS, but the lab does not have it yet."


def test_an_operation_that_aws_does_not_have_is_unknown(raw: Any) -> None:
    assert raw("EncryptEverything", {})[1]["__type"] == "UnknownOperationException"
