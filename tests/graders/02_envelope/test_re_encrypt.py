"""The checks of envelope/re-encrypt: what `move` and `protected_by` promise, against what the lab knows.

Not for how they do it: which key protects what is asked of KMS, by an administrator. The learner's role may re-encrypt
with every key that lets it, and may neither decrypt nor encrypt.
"""

from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kms_katas.grading import AnswerRaised, expect, reject, show
from kms_katas.grading.data_keys import kms_that_disables
from kms_katas.grading.re_encryptions import expect_no_second_way, next_look
from kms_katas.grading.tampering import flip

NO_PLAINTEXT = ["kms:ReEncrypt*", "kms:GenerateDataKeyWithoutPlaintext", "kms:Describe*", "kms:Get*", "kms:List*"]
USES = ("ReEncrypt", "Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
MOVED, TOLD = ("moved", "elsewhere", "failed"), ("yes", "no", "unknown")
CATCH = "Catch the ClientError of each item for itself, inside the loop, look at its code, and go on."
ONE_OPERATION = "Find the KMS operation that decrypts and encrypts in one request, inside KMS."


@pytest.fixture
def key(lab):
    """The old key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def new(lab):
    """The new key, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab):
    """A session of the role `mover`: all that needs no plaintext and changes no key, on every key that lets it."""
    allow = {"Effect": "Allow", "Action": NO_PLAINTEXT, "Resource": "*"}
    role = lab.home.role("mover", policies={"no-plaintext": {"Version": "2012-10-17", "Statement": [allow]}})
    return role.session("night-run")


@pytest.fixture
def archive(lab, fresh):
    return Archive(lab, fresh)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_no_data_key_leaves_kms(answer, lab, key, new, archive):
    """KMS puts the data keys under the new key by itself: nobody sees one, an administrator neither."""
    items = [archive.item(key), archive.item(key)]
    # An administrator: what the role may not do is seen here, and not refused.
    result = _move(answer, key, new, items, client=answer.client(lab.home.admin))
    opened = [call for call in answer.calls if call.operation == "Decrypt" and call.response is not None]
    resealed = any(after.get("body") != item["body"] for item, after in zip(items, result["items"], strict=True))
    expect(
        not opened,
        "The deeds themselves were opened and sealed anew. To change the KMS key, the few bytes around each data key "
        "are enough; the body can stay where it is, in storage."
        if resealed
        else "The data keys came out of KMS in plaintext, to be encrypted again. For as long as the job runs, whoever "
        "reads its memory, its log or its crash dump opens the whole archive.",
        expected="no data key in your process, and the same bodies",
        next_step=ONE_OPERATION,
        actual=f"{len(opened)} data keys in plaintext, for {len(items)} items",
    )
    _expect_all_moved(answer, result, items)


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_each_data_key_opens_under_the_new_key(answer, key, new, archive, fresh):
    """Each item has its own data key and context, now under the new KMS key; all its other fields stay as they were."""
    items = [archive.item(key), archive.item(key, context={}), archive.item(key, signed=fresh.text(10), seal=b"\0")]
    result = _move(answer, key.split("/")[1], new, items)
    _expect_all_moved(answer, result, items)
    for before, after in zip(items, result["items"], strict=True):
        archive.expect_moved(answer, before, after, new)


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_what_another_key_protects_is_left_alone(answer, key, new, archive):
    """What another key than the old one protects stays as it is, in a second run everything."""
    items, strange = archive.mixed(key, new)
    result = _move(answer, key, new.split("/")[1], items)
    for before, after in zip(items, result["items"], strict=True):
        name = before["name"]
        if name not in strange:
            archive.expect_moved(answer, before, after, new)
            continue
        touched = name in result["moved"] or after["wrapped_key"] != before["wrapped_key"]
        why = (
            "and `move` encrypted its data key anew. KMS finds the key of a ciphertext by itself, and opens with any "
            "that lets you: a stranger's item becomes one of yours, and what was moved is moved again."
            if touched
            else "and its name is not in `elsewhere`. If the request says which key has to open, KMS has an error of "
            "its own for that, whoever may use the other key."
        )
        expect(
            name in result["elsewhere"] and not touched,
            f"{name} {strange[name]}, {why}",
            expected="the item as it was, its name in `elsewhere`",
            next_step="Name the old key, in the request, as the one that opens, and look at the code of the error.",
            actual=f"{name} in `{_place(result, name)}`",
        )
        _expect_same(before, after, strange[name])
    second = _move(answer, key, new, result["items"])
    expect(
        list(second["items"]) == list(result["items"]) and set(second["elsewhere"]) == _names(items),
        "The job was run again on its own result, and does not say that there was nothing to do. Who looks at its "
        "report cannot tell when the work is done.",
        expected="the items as they were, and all names in `elsewhere`",
        next_step="Ask KMS about each item in each run, and move it only where the old key protects it.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_a_refusal_stops_nothing_and_loses_nothing(answer, lab, key, new, learner, archive, monkeypatch):
    """What KMS refuses stays as it was, under `failed`, and the others are moved."""
    items, stories = archive.with_refused(key, learner)
    _expect_refused(answer, archive, items, _move(answer, key, new, items), new, stories)
    items = [archive.item(key) for _ in range(4)]
    with monkeypatch.context() as patch:
        patch.setattr(lab, "send", kms_that_disables(lab, key, after="ReEncrypt"))
        result = _move(answer, key, new, items, refused="The old key was disabled half-way")
    stories = dict.fromkeys(_names(items) - set(result["moved"]), "was under the old key when that was disabled")
    _expect_refused(answer, archive, items, result, new, stories)
    expect_no_second_way(answer.calls)


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_each_item_is_told_and_no_key_is_used(answer, key, new, archive):
    """`protected_by` says of each item whether the old or the new key protects it, and uses neither to learn it."""
    items, strange = archive.mixed(key, new)
    for asked, what in ((key, "old"), (new.split("/")[1], "new")):
        told = _report(answer, "protected_by", TOLD, (answer.client(), asked, items))
        right = {name: "yes" if at.endswith(asked) else "no" for name, at in archive.where.items()}
        _expect_told(answer, told, right, strange, what)
    used = [call.operation for call in answer.calls if call.operation in USES and call.response is not None]
    expect(
        not used,
        "To learn which key protects an item, `protected_by` used a key. Whoever asks when the old key was last needed "
        "now finds your question, and waits for another month.",
        expected="requests that only say whether they would succeed",
        next_step="Look for the parameter with which KMS checks a request and does not carry it out.",
        actual=f"{len(used)} carried out: {', '.join(sorted(set(used)))}",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_no_answer_is_no_proof(answer, lab, key, new, learner, archive):
    """Where KMS says neither that the key protects an item nor that another does, the item is `unknown`."""
    items, stories = archive.with_refused(key, learner)
    late, blob = archive.item(key), None
    with suppress(AnswerRaised, LookupError, TypeError):  # this check is not about `move`
        blob = answer.call("move", answer.client(), key, new, [late])["items"][0]["wrapped_key"]
    name, context = late["name"], late["context"]
    if not isinstance(blob, bytes) or lab.home.unseal(new, blob, context) is None:
        blob = lab.home.seal(new, archive.data_keys[name], context)
    items += [late | {"wrapped_key": blob}]
    told = _report(answer, "protected_by", TOLD, (answer.client(), key, items))
    right = dict.fromkeys(archive.where, "yes") | dict.fromkeys(stories, "unknown") | {name: "no"}
    _expect_told(answer, told, right, stories | {name: "is under the new key"})
    lab.home.switch_key(key, on=False)
    told = _report(answer, "protected_by", TOLD, (answer.client(), key, items[:1]))
    _expect_told(answer, told, {items[0]["name"]: "unknown"}, {items[0]["name"]: "is under a key that is disabled"})


@dataclass
class Archive:
    """Makes items, and remembers of each the data key and the KMS key."""

    lab: object
    fresh: object
    data_keys: dict = field(default_factory=dict)
    where: dict = field(default_factory=dict)

    def item(self, key, *, context=None, account=None, **more):
        """An item whose data key is wrapped under `key`, by an administrator of the key's account."""
        name, nonce, data_key = f"deed-{self.fresh.text(8)}", self.fresh.bytes(12), self.fresh.bytes(32)
        context = {"office": self.fresh.text(6), "Deed": f"{name} \u017b"} if context is None else context
        wrapped = (account or self.lab.home).seal(key, data_key, context)
        body = nonce + AESGCM(data_key).encrypt(nonce, self.fresh.bytes(30), None)
        self.data_keys[name], self.where[name] = data_key, key
        return {"name": name, "context": context, "wrapped_key": wrapped, "body": body, **more}

    def mixed(self, key, new):
        """Items under the old key and under others, shuffled; and of the others what they are, by name."""
        stranger = self.lab.account("666677778888")
        everyone = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
        open_key = stranger.create_key({"Version": "2012-10-17", "Statement": [everyone]})
        others = (
            (self.item(self.lab.home.create_key()), "is the firm's, under a third key, which your role may use"),
            (self.item(open_key, account=stranger), "is a stranger's, under a key of theirs that is open to everybody"),
            (self.item(new), "is under the new key since an earlier run"),
            (self.item(stranger.create_key(), account=stranger), "is under a key that your role may not use"),
        )
        items = [self.item(key), *(item for item, _ in others)]
        items.sort(key=lambda item: self.fresh.integer(0, 10**9))
        return [*items, self.item(key)], {item["name"]: story for item, story in others}

    def with_refused(self, key, learner):
        """Items under the old key, of which KMS refuses some; and of these what is the matter, by name."""
        damaged, lost, bare, denied = (self.item(key, context=one) for one in (None, None, {}, None))
        damaged["wrapped_key"] = flip(damaged["wrapped_key"], len(damaged["wrapped_key"]) - 1)
        office = {"StringEquals": {"kms:EncryptionContext:office": denied["context"]["office"]}}
        deny = {"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": office}
        learner.allow({"Version": "2012-10-17", "Statement": [deny]}, "not-this-office")
        del lost["context"]["office"]
        bare["context"] = {"office": self.fresh.text(6)}
        stories = {
            damaged["name"]: "has a damaged wrapped key",
            lost["name"]: "has lost a part of its context",
            bare["name"]: "names a context that its data key was never bound to",
            denied["name"]: "is of an office that your role may not touch",
        }
        return [self.item(key), damaged, lost, bare, denied, self.item(key)], stories

    def expect_moved(self, answer, before, after, new):
        """The data key of an item as an administrator gets it from KMS, with the item's own context and the new key."""
        name, context, wrapped = before["name"], before["context"], after["wrapped_key"]
        if isinstance(wrapped, bytes) and self.lab.home.unseal(new, wrapped, context) == self.data_keys[name]:
            _expect_same(before, after, "was moved", apart="wrapped_key")
            return
        kms = self.lab.home.admin.client("kms")
        try:
            opened = kms.decrypt(CiphertextBlob=wrapped, KeyId=new, EncryptionContext=context)["Plaintext"]
        except (ClientError, ParamValidationError) as error:
            opened, code = None, type(error).__name__
        expect(
            opened is None,
            f"{name} has another data key than before, so nobody opens its body any more: that was sealed under the "
            "old data key, and that one is gone.",
            expected="the data key that the item had, under the new KMS key",
            next_step="Give KMS the wrapped key of the item, and let it wrap the same data key anew.",
        )
        made = next((call for call in answer.calls if (call.response or {}).get("CiphertextBlob") == wrapped), None)
        used = made.parameters.get("DestinationEncryptionContext", {}) if made else context
        expect(
            used == context,
            f"{name} came under the new key with {'another' if used else 'no'} encryption context, so its readers, who "
            "name the item's own, cannot open it. KMS does not carry a context over by itself.",
            expected=f"the context {show(context)}",
            next_step="Name the item's own context twice: for the key that opens and for the key that encrypts.",
            actual=f"the context {show(used)}",
        )
        reject(
            f"Under the new key KMS does not open the `wrapped_key` that {name} has now ({code}).",
            expected=f"the ciphertext that KMS gave, unchanged, under the key {new.split('/')[1]}",
            next_step="Give `new_key_id` as the key that encrypts, and take CiphertextBlob from the answer as it is.",
            actual=f"a ciphertext under {made.key_arn}" if made else show(wrapped),
        )


def _move(answer, old, new, items, *, client=None, **story):
    """Call `move` and refuse whatever is not the promised form."""
    result = _report(answer, "move", MOVED, (client or answer.client(), old, new, items), **story)
    names = [item.get("name") for item in result["items"]]
    lost = [item["name"] for item in items if item["name"] not in names]
    lacks = f"The new archive lacks {len(lost)} of {len(items)} items: whoever stores it has lost those deeds."
    expect(
        names == [item["name"] for item in items],
        lacks if lost else "The new archive has the items in another order, or more than once.",
        expected="every item once, moved or as it was, in the order in which they came",
        next_step="Go through the items once, and add each to the same list, whatever came of it.",
        actual=f"missing: {', '.join(lost)}" if lost else ", ".join(map(str, names)),
    )
    return result


def _report(answer, function, lists, arguments, refused="KMS refused a request"):
    fields, before = ("items", *lists) if function == "move" else lists, len(answer.calls)
    try:
        result = answer.call(function, *arguments)
    except AnswerRaised as raised:
        if not raised.code:
            raise
        reject(
            f"{refused} ({raised.code}), and `{function}` stopped with that error. What it had done by then is lost, "
            "and nobody looked at the items behind.",
            expected="a result in which each item has its place",
            next_step=CATCH,
        )
    right = isinstance(result, dict) and set(result) == set(fields)
    right = right and all(isinstance(one, (list, tuple)) for one in result.values())
    archive = result.get("items", ()) if right else ()
    expect(
        right and all(isinstance(item, dict) and isinstance(item.get("wrapped_key"), bytes) for item in archive),
        f"`{function}` gave back something else than the brief asks for.",
        expected=f"a dict of lists, exactly {', '.join(f'`{name}`' for name in fields)}; each `wrapped_key` is bytes",
        next_step="Return these fields and no other.",
    )
    named = [str(name) for one in lists for name in result[one]]
    expect(
        sorted(named) == sorted(_names(arguments[-1])),
        "The report does not have the name of each item in exactly one of its lists. Who reads it cannot tell what is "
        "left to do.",
        expected=f"each name once in {', '.join(f'`{one}`' for one in lists)}",
        next_step="Put the name of each item into one list, whatever KMS said.",
    )
    asked, count = len(answer.calls) - before, len(named)
    expect(
        asked >= count,
        f"`{function}` made {asked} requests to KMS about {count} items, and reports all of them. A note, an earlier "
        "answer or the refusal of another item says nothing of this one today.",
        expected="a request to KMS about each item, in each call",
        next_step="Go through all items, ask KMS about each, and let nothing but its answer decide.",
    )
    return result


def _expect_all_moved(answer, result, items):
    codes = {call.error_code for call in answer.calls}
    changed = {item["name"] for item, after in zip(items, result["items"], strict=True) if item != after}
    why, next_step = "KMS was not asked to put the others under the new key, or it refused.", ONE_OPERATION
    if "IncorrectKeyException" in codes:
        why = "KMS says that the key which is to open is not the one that protects them."
        next_step = "Name the old key as the one that opens, and the new one as the one that encrypts."
    if "InvalidCiphertextException" in codes:  # of both this: a look at the new key gets the other, and rightly
        why = "KMS could not open their data keys: what has an encryption context opens with that context only."
        next_step = "Give each item's own context for the key that opens, too."
    expect(
        set(result["moved"]) & changed == _names(items),
        f"All {len(items)} items here are under the old key; {len(changed)} have another wrapped key now. {why}",
        expected="all items moved, and their names in `moved`",
        next_step=next_step,
    )


def _expect_same(before, after, story, apart=""):
    changed = [name for name in {**before, **after} if name != apart and before.get(name) != after.get(name)]
    expect(
        not changed,
        f"{before['name']} {story}, and its `{changed[0] if changed else ''}` is not what it was. The job is "
        "about the wrapped keys: nobody asked for more.",
        expected=", ".join(f"{name}: {show(before[name]) if name in before else 'not there'}" for name in changed),
        next_step="Copy the item with all its fields, and exchange nothing but `wrapped_key`.",
        actual=", ".join(f"{name}: {show(after[name]) if name in after else 'not there'}" for name in changed),
    )


def _expect_refused(answer, archive, items, result, new, stories):
    """`stories`: what is the matter with each item that must be under `failed`, by name."""
    for before, after in zip(items, result["items"], strict=True):
        name = before["name"]
        if name not in stories:
            expect(
                name in result["moved"],
                f"{name} came with items that KMS refused. Nothing is wrong with it, and yet it was not moved.",
                expected="its name in `moved`",
                next_step=CATCH,
                actual=f"{name} in `{_place(result, name)}`",
            )
            archive.expect_moved(answer, before, after, new)
            continue
        expect(
            name in result["failed"],
            f"{name} {stories[name]}, so KMS refused it; the report has it under `{_place(result, name)}`. Whoever "
            "believes that disables the old key, and loses the item.",
            expected="its name in `failed`",
            next_step="Of all the errors, only one means that another key protects the item. Look at its code.",
        )
        _expect_same(before, after, stories[name])


def _expect_told(answer, told, right, stories, what="old"):
    """`right`: where the name of each item belongs; `stories`: what is the matter with it, if anything."""
    for name, place in right.items():
        why = "" if place != "unknown" else " No answer is no proof, and on this report's word a key is deleted."
        expect(
            name in told[place],
            f"{name} {stories.get(name, 'is under the old key')}. Asked about the {what} key, `protected_by` has it "
            f"under `{_place(told, name)}`.{why}",
            expected=f"its name in `{place}`",
            next_step=next_look(answer.calls[-1] if answer.calls else None, place),
        )


def _names(items):
    return {item["name"] for item in items}


def _place(result, name):
    return next((one for one, names in result.items() if one != "items" and name in names), "no list")
