"""What a learner is shown of a KMS call. How much of it is for test_grading_bounds.py."""

import contextlib

from botocore.exceptions import ClientError

from kms_katas.grading.evidence import evidence
from kms_katas.lab import Lab


def test_a_re_encryption_shows_both_keys_and_whether_it_was_a_dry_run(lab: Lab) -> None:
    kms, old, new = lab.home.admin.client("kms"), lab.home.create_key(), lab.home.create_key()
    wrapped = kms.generate_data_key_without_plaintext(KeyId=old, KeySpec="AES_256")["CiphertextBlob"]
    with contextlib.suppress(ClientError):
        kms.re_encrypt(CiphertextBlob=wrapped, SourceKeyId=old, DestinationKeyId=new, DryRun=True)
    kms.re_encrypt(CiphertextBlob=wrapped, DestinationKeyId=new)
    dry, unpinned = evidence(lab.calls)[-2:]
    assert (dry.target, dry.outcome) == (new, "DryRunOperationException")
    assert f"SourceKeyId {old}" in dry.detail and "DryRun True" in dry.detail
    assert unpinned.outcome == "ok" and "SourceKeyId" not in unpinned.detail
