"""Messages of the AWS Encryption SDK as others send and read them in a lab: another service, and a stranger who forges.

Not for their format: that is sdk_messages.py. Not for judging: a check does that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from kms_katas.grading.fresh import Fresh
from kms_katas.grading.sdk_messages import (
    KMS_PROVIDER,
    Message,
    NoMessage,
    WrappedKey,
    content_of,
    make_message,
    read_message,
)
from kms_katas.lab import Lab
from kms_katas.lab.accounts import Account


@dataclass(frozen=True)
class Sender:
    """One who may use the keys of `account`, and knows how the format is written."""

    account: Account
    fresh: Fresh

    def seal(
        self,
        content: bytes,
        context: Mapping[str, str],
        key: str,
        *,
        committed: bool = True,
        before: tuple[WrappedKey, ...] = (),
        after: tuple[WrappedKey, ...] = (),
    ) -> bytes:
        """One message under the KMS key with the ARN `key`; other wrapped keys stand before and after its own."""
        data_key = self.fresh.bytes(32)
        own = WrappedKey(KMS_PROVIDER, key, self.account.seal(key, data_key, context))
        message_id = self.fresh.bytes(32 if committed else 16)
        return make_message(content, data_key, [*before, own, *after], context, message_id=message_id)

    def for_others(self, content: bytes, tenant: str, key: str, genuine: bytes) -> Iterator[tuple[str, str, bytes]]:
        """What is wrong, the tenant to ask for, and a message that is not that one's. `genuine` is `tenant`'s."""
        yield "it is another tenant's", f"{tenant}0", genuine
        contexts = {
            "its context is empty": {},
            "another name in its context holds the tenant": {"tenants": tenant, tenant: "tenant"},
            "its tenant only begins in the same way": {"tenant": f"{tenant}0"},
            "its tenant has the same letters as capitals": {"tenant": tenant.upper()},
            "its tenant ends with a space": {"tenant": f"{tenant} "},
        }
        for what, context in contexts.items():
            yield what, tenant, self.seal(content, context, key)

    def forge(
        self, content: bytes, context: Mapping[str, str], key: str, genuine: bytes
    ) -> Iterator[tuple[str, bytes]]:
        """Messages under `key` that look as if they came from where `genuine` does, by what was done."""
        trusted = read_message(genuine).wrapped_keys[0]
        before, after = (
            (WrappedKey(KMS_PROVIDER, trusted.info, self.fresh.bytes(len(trusted.ciphertext))),) for _ in range(2)
        )
        yield "no other wraps its data key", self.seal(content, context, key)
        yield (
            "random bytes with the name of your key stand before and after it",
            self.seal(content, context, key, before=before, after=after),
        )


def read_by_another(lab: Lab, message: Message, known: Mapping[str, str]) -> bytes:
    """What a message holds for one who may use every KMS key of the home account, and knows `known` of its context.

    Raises NoMessage.
    """
    kms = lab.home.admin.client("kms")
    left_out = {name: value for name, value in known.items() if name not in message.context}
    for one in message.wrapped_keys:
        context = {**message.context, **known}
        opened = lab.home.unseal(one.info, one.ciphertext, context)
        if opened is None:  # of another account, it may be, or by another name
            try:
                answer = kms.decrypt(KeyId=one.info, CiphertextBlob=one.ciphertext, EncryptionContext=context)
            except ClientError:
                continue
            opened = answer["Plaintext"]
        return content_of(message, opened, left_out)
    raise NoMessage("KMS gives the data key for none of its encrypted data keys with this encryption context")
