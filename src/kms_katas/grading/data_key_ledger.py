"""A ledger of data keys that seal several payloads: by KMS's record, what each has sealed, and what it may seal still.

For checks of envelope/data-key-cache. Not for how an answer keeps its data keys.
"""

from dataclasses import dataclass
from datetime import datetime

from kms_katas.grading.answer import Answer
from kms_katas.grading.data_keys import data_key_length, data_key_of, wrapped_key_of
from kms_katas.grading.expect import expect, reject
from kms_katas.grading.fields import expect_bytes_fields
from kms_katas.grading.show import show
from kms_katas.lab import Call, Lab


@dataclass
class DataKey:
    """What one data key has sealed so far."""

    wrapped: bytes
    plaintext: bytes | None
    key: str
    context: dict[str, str]
    born: datetime
    messages: int = 0
    volume: int = 0


@dataclass(frozen=True)
class Sealed:
    """What `seal` gave back, and the data key that it came under."""

    wrapped_key: bytes
    body: bytes
    data_key: bytes | None

    @property
    def fields(self) -> dict[str, bytes]:
        return {"wrapped_key": self.wrapped_key, "body": self.body}


class Ledger:
    """Calls `seal` in one process, and holds every data key to the brief."""

    def __init__(self, answer: Answer, lab: Lab, limits: dict[str, int]) -> None:
        self.answer, self.lab, self.limits = answer, lab, limits
        self.keys: list[DataKey] = []
        self.last: DataKey | None = None
        self._began = len(answer.calls)

    def seal(self, key: str, context: dict[str, str], payload: bytes, too_old: str = "") -> Sealed:
        """Call `seal`, and refuse what breaks a promise. `too_old`: what to do next where a key that old was used."""
        before = len(self.answer.calls)
        result = self.answer.call("seal", self.answer.client(), key, context, payload, self.limits)
        calls = self.answer.calls[before:]
        expect_bytes_fields(
            "seal",
            result,
            "wrapped_key",
            "body",
            next_step="Put all that you need for opening, except the wrapped key, into `body`.",
        )
        mine = [each for each in self.keys if each.key == key and each.context == context]
        used = next((each for each in self.keys if each.wrapped == result["wrapped_key"]), None)
        if used is None:
            used = self._new(result["wrapped_key"], key, context, calls, mine[-1] if mine else None, payload)
        else:
            self._expect_may_take(used, key, context, payload, too_old)
            expect(
                not calls,
                "The data key was one that this process has already, and KMS was called all the same: "
                f"{', '.join(call.operation for call in calls)}. A call for each payload is what the cache is to save.",
                expected="no KMS call",
                next_step="Keep the plaintext data key in memory, beside its wrapped key.",
            )
        self.last = used
        used.messages += 1
        used.volume += len(payload)
        return Sealed(result["wrapped_key"], result["body"], used.plaintext)

    def _expect_may_take(self, used: DataKey, key: str, context: dict[str, str], payload: bytes, too_old: str) -> None:
        if used.context != context:
            reject(
                "A data key that was made for one context sealed a payload of another. One tenant's data key then "
                "opens what belongs to another tenant, and KMS's record names the wrong one.",
                expected=f"a data key made for {show(context)}",
                next_step="Look up the kept data key by every pair of the context, name and value.",
                actual=f"the data key made for {show(used.context)}",
            )
        if used.key != key:
            reject(
                "A data key that is wrapped under one KMS key sealed a payload that another should protect. Who may "
                "use the wrong KMS key can open it, and who may use the right one cannot.",
                expected=f"a data key wrapped under {key}",
                next_step="Look up the kept data key by `key_id` as well as by the context.",
                actual=f"the data key wrapped under {used.key}",
            )
        for broken, story, next_step in (
            (
                used.messages >= self.limits["messages"],
                f"`messages` is {self.limits['messages']}, and one data key sealed payload {used.messages + 1}",
                "Count each payload, the first one too, and take a new data key when the count has reached `messages`.",
            ),
            (
                used.volume + len(payload) > self.limits["bytes"],
                f"`bytes` is {self.limits['bytes']}. One data key had sealed {used.volume}, and then {len(payload)} "
                "more",
                "Look before you seal: what the key has sealed and this payload together must not exceed `bytes`. A "
                "payload that is longer by itself gets a data key of its own.",
            ),
            (
                self._age(used) >= self.limits["seconds"],
                f"`seconds` is {self.limits['seconds']}, and a payload was sealed under a data key that KMS made "
                f"{self._age(used):g} seconds before",
                too_old or "Use a key only while its age is less than `seconds`.",
            ),
        ):
            if broken:
                reject(
                    f"{story}. Each limit bounds what is lost when this one key leaks.",
                    expected="a new data key",
                    next_step=next_step,
                    actual="the data key of the payloads before",
                )

    def _new(
        self,
        wrapped: bytes,
        key: str,
        context: dict[str, str],
        calls: tuple[Call, ...],
        newest: DataKey | None,
        payload: bytes,
    ) -> DataKey:
        """The data key that this call made; refused where `newest` could have taken the payload."""
        # In any call of this process: a key may be fetched before it is needed.
        of_process = self.answer.calls[self._began :]
        made = next((call for call in of_process if wrapped_key_of(call) == wrapped), None)
        if made is None:
            reject(
                "`wrapped_key` is not what KMS gave in this process: no answer of KMS holds these bytes.",
                expected="the CiphertextBlob that came with the data key, unchanged",
                next_step="Put the encrypted data key into `wrapped_key` as it came, and all else into `body`.",
            )
        expect(
            made.parameters.get("EncryptionContext") == context,
            "KMS made the data key for another context than that of the payload, or for none. So it gives the key to "
            "whoever names that one, and its record does not tell whose payloads came under it.",
            expected=show(context),
            next_step="Give KMS `context` as the EncryptionContext when you ask for the data key.",
            actual=show(made.parameters.get("EncryptionContext")),
        )
        expect(
            made.key_arn is not None and made.key_arn.endswith(key),
            "The data key is not wrapped under the KMS key that `key_id` names.",
            expected=key,
            next_step="Ask for the data key under `key_id`.",
            actual=str(made.key_arn),
        )
        plaintext = data_key_of(made)
        expect(
            plaintext is None or all(plaintext != each.plaintext for each in self.keys),
            "`wrapped_key` is new, and the key in it is an old one: KMS was given the same key to wrap again. It is "
            "used beyond its limits, and each wrapping is a request.",
            expected="a new data key for each new `wrapped_key`",
            next_step="Make a new random key when you wrap one, or better: let KMS make it.",
        )
        expect(
            data_key_length(made) >= 16,
            f"The data key has {data_key_length(made)} bytes. Under 16 bytes it can be found by trying.",
            expected="16 bytes or more; 32 for AES-256",
            next_step="Ask for a data key with KeySpec AES_256.",
        )
        if plaintext is None:
            opened = [call for call in of_process if call.parameters.get("CiphertextBlob") == wrapped]
            plaintext = next(filter(None, map(data_key_of, opened)), None)
        if calls and newest is not None and self._may_take(newest, payload):
            reject(
                "`seal` asked KMS for a new data key, and the newest one for this KMS key and context could still take "
                "the payload. Each such call costs a request of the quota that the whole account shares.",
                expected="the payload sealed under the data key that is there, without a KMS call",
                next_step=self._why_not(newest, context, payload),
                actual=f"a new data key; the newest had sealed {newest.messages} of {self.limits['messages']} payloads "
                f"and {newest.volume} of "
                f"{self.limits['bytes']} bytes, was {self._age(newest):g} of {self.limits['seconds']} seconds old, and "
                f"this payload has {len(payload)} bytes",
            )
        self.keys.append(DataKey(wrapped, plaintext, key, context, made.time))
        return self.keys[-1]

    def _why_not(self, newest: DataKey, context: dict[str, str], payload: bytes) -> str:
        """What most likely made an answer replace a data key that could have been used."""
        if list(newest.context) != list(context):
            return "Let the order of the pairs make no difference where you look up the kept data key."
        if self.last is not newest:
            return "Keep and count a data key for each KMS key and context by itself: another was in use in between."
        if self._age(newest) > 0:
            return "Count the age from the moment at which KMS made this very key."
        if newest.messages == self.limits["messages"] - 1:
            return "Let a data key seal `messages` payloads: the last of them still comes under it."
        if newest.volume + len(payload) == self.limits["bytes"]:
            return "Count the bytes of the payloads, not of the bodies; together they may come to `bytes` exactly."
        return "Keep the data key between two calls, plaintext and wrapped, and replace it only when a limit says so."

    def _age(self, used: DataKey) -> float:
        return (self.lab.clock.now() - used.born).total_seconds()

    def _may_take(self, used: DataKey, payload: bytes) -> bool:
        return (
            used.messages < self.limits["messages"]
            and used.volume + len(payload) <= self.limits["bytes"]
            and self._age(used) < self.limits["seconds"]
        )
