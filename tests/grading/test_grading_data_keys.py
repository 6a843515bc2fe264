"""A KMS that disables a key half-way: after the first request that is carried out, and no sooner."""

from types import SimpleNamespace

from kms_katas.grading.data_keys import kms_that_disables


def test_a_key_is_disabled_after_the_first_request_that_succeeds(lab):
    key, admin = lab.home.create_key(), lab.home.admin.client("kms")
    carried_out = {"KeyId": key}
    calls = [("Decrypt", carried_out), ("ReEncrypt", None), ("ReEncrypt", carried_out)]
    watched = SimpleNamespace(home=lab.home, calls=[], send=lambda request: request)
    send, states = kms_that_disables(watched, key, after="ReEncrypt"), []
    for operation, response in calls:
        watched.calls.append(SimpleNamespace(operation=operation, response=response))
        assert send(operation) == operation
        states.append(admin.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
    assert states == ["Enabled", "Enabled", "Disabled"]
