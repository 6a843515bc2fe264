"""The checks of keys/hello: KMS hides the secret and KMS brings it back. Not for what the key allows to whom."""

import pytest

from kms_katas.grading import expect, reject


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab, key):
    """An application that may encrypt and decrypt with that key, and nothing else."""
    statement = {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": key}
    return lab.home.user("app", policies={"use-the-key": {"Version": "2012-10-17", "Statement": [statement]}})


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_secret_comes_back(answer, key, fresh):
    """`open_secret` gives back, letter for letter, the text that `hide_secret` hid, also in another process."""
    for secret in (f"{fresh.text(12)} {fresh.text(5)}", f"grün-{fresh.text()}-日本"):
        ciphertext = _hidden(answer, key, secret)
        answer.restart()
        opened = answer.call("open_secret", answer.client(), ciphertext)
        _expect_text(opened)
        expect(
            opened != "",
            "`open_secret` gave back an empty text. The secret is in the ciphertext, and only KMS can take it out.",
            expected=repr(secret),
            next_step="Fill in TODO 1: ask KMS for the plaintext of `ciphertext`.",
        )
        expect(
            opened == secret,
            "A text came back, but not the one that was hidden.",
            expected=repr(secret),
            next_step="Return the plaintext that KMS gives for `ciphertext`, decoded once and otherwise unchanged.",
        )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_kms_does_the_work(answer, key, fresh):
    """KMS itself turns the secret into ciphertext and the ciphertext into the secret."""
    secret = fresh.text()
    ciphertext = _hidden(answer, key, secret)
    made_by_kms = any(
        call.operation == "Encrypt" and call.response and call.response["CiphertextBlob"] == ciphertext
        for call in answer.calls
    )
    expect(
        made_by_kms,
        "`hide_secret` gave back bytes that KMS never made. Whatever can be undone without a key, base64 included, "
        "hides nothing.",
        expected="the CiphertextBlob of an Encrypt call",
        next_step="Put `hide_secret` back as it was: `kata reset` gives you the starter again.",
    )
    answer.restart()
    answer.call("open_secret", answer.client(), ciphertext)
    decrypts = [call for call in answer.calls if call.operation == "Decrypt"]
    expect(
        any(call.parameters.get("CiphertextBlob") == ciphertext for call in decrypts),
        "`open_secret` returned without asking KMS to open this ciphertext. Only KMS holds the key, so nothing else "
        "can know what is in it.",
        expected="a KMS call that is given `ciphertext`",
        next_step="Fill in TODO 1: call the operation of `kms` that undoes Encrypt.",
    )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_no_secret_when_kms_refuses(answer, lab, key, fresh):
    """When KMS refuses, `open_secret` ends in an error and gives back nothing."""
    admin = lab.home.admin.client("kms")
    ciphertext = admin.encrypt(KeyId=key, Plaintext=fresh.bytes(16).hex().encode())["CiphertextBlob"]
    admin.disable_key(KeyId=key)
    raised = answer.raises("open_secret", answer.client(), ciphertext)
    expect(
        any(call.error_code for call in answer.calls),
        "The key was disabled, so KMS would have refused. `open_secret` never asked it.",
        expected="a KMS call that fails with DisabledException",
        next_step="Let KMS open the ciphertext. A secret that comes from elsewhere stays readable when the key is "
        "switched off.",
    )
    expect(
        raised is not None,
        "The key was disabled and KMS refused, yet `open_secret` returned as if all were well. Its caller would go on "
        "with a wrong password.",
        expected="the error of KMS, DisabledException",
        next_step="Do not catch the error of the KMS call, or raise it again.",
    )


def _hidden(answer, key, secret):
    ciphertext = answer.call("hide_secret", answer.client(), key, secret)
    if not isinstance(ciphertext, bytes):
        reject(
            "`hide_secret` no longer gives back bytes. It was right as it stood.",
            expected="bytes",
            next_step="Put `hide_secret` back as it was: `kata reset` gives you the starter again.",
        )
    return ciphertext


def _expect_text(opened):
    if isinstance(opened, dict):
        reject(
            "That is the whole response of KMS, a dict. The secret is in one of its fields.",
            expected="the secret, a str",
            next_step="Take the field `Plaintext` out of the response, then decode it.",
        )
    if isinstance(opened, bytes):
        reject(
            "Those are bytes. KMS stores and returns bytes only; the text is for you to decode.",
            expected="the secret, a str",
            next_step="Call `.decode()` on the bytes.",
        )
    if not isinstance(opened, str):
        reject("What came back is no text.", expected="the secret, a str", next_step="Return the decoded plaintext.")
    if opened.startswith(("b'", 'b"')):
        reject(
            "The text begins with b and a quote: `str()` of bytes writes how Python prints them, it does not decode "
            "them.",
            expected="the secret itself",
            next_step="Use `.decode()` in place of `str()`.",
        )
