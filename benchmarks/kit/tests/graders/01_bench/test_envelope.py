"""The checks that are measured. Do not change them: figures of other days would mean something else."""

import pytest

from kms_katas.grading import expect


@pytest.fixture
def key_id(lab):
    return lab.home.create_key()


@pytest.fixture
def sealed(answer, key_id, fresh):
    payload = fresh.bytes(1024)
    return payload, answer.call("seal", answer.client(), key_id, payload)


def operations(answer):
    return [call.operation for call in answer.calls]


@pytest.mark.task(1)
def test_round_trip_in_another_process(answer, sealed):
    """What was sealed opens in another process."""
    payload, box = sealed
    answer.restart()
    opened = answer.call("open_sealed", answer.client(), box)
    expect(opened == payload, "Not the payload.", expected="the payload", next_step="Open it.")


@pytest.mark.task(1)
def test_a_data_key_each_time(answer, sealed, key_id):
    """Each payload has a data key of its own."""
    payload, box = sealed
    again = answer.call("seal", answer.client(), key_id, payload)
    expect(again["wrapped_key"] != box["wrapped_key"], "One key twice.", expected="two", next_step="Ask again.")
    expect(operations(answer) == ["GenerateDataKey"] * 2, "Not two.", expected="two", next_step="Ask again.")


@pytest.mark.task(1)
def test_a_changed_body_is_refused(answer, sealed):
    """A changed body does not open."""
    _, box = sealed
    changed = bytes([box["body"][0] ^ 1]) + box["body"][1:]
    raised = answer.raises("open_sealed", answer.client(), box | {"body": changed})
    expect(raised is not None, "It opened.", expected="an exception", next_step="Use an AEAD.")


@pytest.mark.task(1)
def test_the_data_key_is_not_stored(answer, sealed):
    """The data key is nowhere in what is stored."""
    _, box = sealed
    data_key = answer.calls[0].response["Plaintext"]
    expect(all(data_key not in part for part in box.values()), "It is.", expected="no", next_step="Drop it.")


@pytest.mark.task(1)
def test_the_payload_stays_here(answer, sealed):
    """The payload is not sent to KMS."""
    payload, _ = sealed
    sent = [call.parameters for call in answer.calls]
    expect(all(payload not in parameters.values() for parameters in sent), "Sent.", expected="no", next_step="Do not.")


@pytest.mark.task(1)
def test_opening_asks_kms(answer, sealed):
    """Opening asks KMS for the data key."""
    payload, box = sealed
    opened = answer.call("open_sealed", answer.client(), box)
    expect(opened == payload, "Not the payload.", expected="the payload", next_step="Open it.")
    expect(operations(answer) == ["GenerateDataKey", "Decrypt"], "Not asked.", expected="Decrypt", next_step="Ask.")
