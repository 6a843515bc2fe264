"""The checks of envelope/server-or-client: what S3 does by itself, what lies in it, and what it can never read.

Not for how an object comes under another key or is sealed: an update, a copy, the library and a format by hand will do.
"""

import json

import pytest
from botocore.exceptions import ClientError

from kms_katas.grading import AnswerRaised, expect, reject, s3_objects, show
from kms_katas.grading.data_keys import data_key_of
from kms_katas.grading.s3_objects import Lies
from kms_katas.grading.s3_sealing import (
    LET_THROUGH,
    altered_objects,
    expect_nothing_given_away,
    expect_other_keys,
    own_data_keys,
    s3_encryption_client,
)
from kms_katas.lab.services.s3_staging import names_in, new_bucket, new_object

USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:GenerateRandom", "kms:DescribeKey")
MAY = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:*", *USE], "Resource": "*"}}
CUSTOMER_KEY = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"a key that only its owner knows!"}
STAY = ("DSSE-KMS", "SSE-C")
PAGE = 2
OTHERWISE = {
    "AES256": "SSE-S3 has a key of S3's own: you cannot disable it, and no log shows its use. What you say with one "
    "put does nothing for the next.",
    "aws:kms:dsse": "DSSE-KMS has two layers, for rules that ask for them, and knows no Bucket Key: S3 asks KMS for "
    "every object.",
}
ANOTHER_KEY = "Where no key is named, S3 takes the AWS managed key aws/s3, whose key policy nobody can change."

NAME = "Name `key_arn` in Decrypt: without a KeyId KMS takes whatever key the ciphertext names."


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def app(lab):
    """The firm's application: everything in S3, and use of every KMS key."""
    return lab.home.user("app", policies={"work": MAY})


@pytest.fixture
def learner(app):
    return app


@pytest.fixture
def bucket(lab, fresh):
    """A new bucket, with what S3 gives it by default."""
    name = f"files-{fresh.text(12)}"
    new_bucket(lab.home, name)
    return name


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_new_objects_lie_under_the_key(answer, lab, app, bucket, key, fresh):
    """What is put with no word on encryption lies under the key, and two such puts cost one call of KMS."""
    name = fresh.text(8)
    answer.call("set_default", answer.client(service="s3"), bucket, key)
    before = len(lab.calls)
    for number in range(2):
        _put_plainly(app, bucket, f"{name}/{number}")
    lies = s3_objects.lies_now(app, bucket, f"{name}/1")
    expect(
        (lies.mode, lies.key) == ("aws:kms", key),
        f"A plain put after `set_default` lies otherwise. {OTHERWISE.get(lies.mode, ANOTHER_KEY)}",
        expected="SSE-KMS (aws:kms) under `key_arn` for every new object",
        next_step="Change the default encryption of the bucket: one rule with mode, key and Bucket Key.",
        actual=f"the new object: {lies}",
    )
    asked = sum(call.operation == "GenerateDataKey" for call in lab.calls[before:])
    expect(
        asked == 1,
        "S3 asked KMS for a data key for each object. Every put and every get then costs a KMS request, and counts "
        "against the quota of the account.",
        expected="one GenerateDataKey: S3 keeps a Bucket Key for a while",
        next_step="Switch the S3 Bucket Key on in the rule that names the KMS key; it is off unless you say so.",
        actual=f"{asked} calls of GenerateDataKey for 2 objects",
    )


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_old_objects_come_under_the_key(answer, lab, app, bucket, key, fresh, monkeypatch):
    """Old objects come under the key, with a Bucket Key, on every page of the list; the result tells which."""
    old, sent = lab.home.create_key(), []
    kinds = {
        "SSE-S3": {"ServerSideEncryption": "AES256"},
        "SSE-KMS under an older key": s3_objects.put_under(old),
        "SSE-KMS under the key, without a Bucket Key": s3_objects.put_under(key, BucketKeyEnabled=False),
        "right already": s3_objects.put_under(key),
        "DSSE-KMS": s3_objects.put_under(key, "aws:kms:dsse"),
        "SSE-C": CUSTOMER_KEY,
    }
    names = {f"{fresh.text(6)}/{fresh.text(5)} ü+1%.txt": kind for kind in kinds}
    s3_objects.put_default(lab.home.admin, bucket, key)
    for name, kind in names.items():
        new_object(app, bucket, name, fresh.bytes(30), how=kinds[kind])
    monkeypatch.setattr(lab, "send", s3_objects.in_pages(lab.send, bucket, PAGE, sent))
    result = _rekey(answer, bucket, key)
    lies = {name: s3_objects.lies_now(app, bucket, name) for name in names if names[name] != "SSE-C"}
    stay = {name for name in names if names[name] in STAY}
    due = {name for name in names if name not in stay and names[name] != "right already"}
    right, before = Lies("aws:kms", key, True), (Lies("AES256"), Lies("aws:kms", old, True), Lies("aws:kms", key))
    wrong = {name for name in due if lies[name] != right}
    untouched = {name for name in wrong if lies[name] == before[list(kinds).index(names[name])]}

    def told(found):
        return "; ".join(f"{names[one]}: now {lies[one]}" for one in sorted(found)).replace(key, "`key_arn`")

    pages = sent.count(("GET", ""))
    seen = {"expected": str(right).replace(key, "`key_arn`"), "actual": told(wrong)}
    expect(
        not wrong or not pages or wrong != untouched & set(sorted(names)[PAGE * pages :]),
        f"Of the list no more than {pages} of {-(-len(names) // PAGE)} pages was gone through. S3 gave {PAGE} names at "
        "a time here; it never gives more than 1,000.",
        next_step="Go on with the continuation token until S3 gives none, or use a paginator.",
        **seen,
    )
    expect(
        not wrong or untouched != due,
        "The old objects lie as before. The default of a bucket counts for what is put after it was set; what is there "
        "stays under the key that it was written with.",
        next_step="Go through the objects of the bucket, and have S3 change each of them.",
        **seen,
    )
    expect(
        not [name for name in wrong if (lies[name].mode, lies[name].key) != ("aws:kms", key)],
        "Not all objects lie under the key afterwards. Where you name no key S3 takes aws/s3, where you name no mode "
        "the default of the bucket.",
        next_step="Ask S3 of each object how it lies, and name mode and key when you change it.",
        **seen,
    )
    expect(
        not wrong,
        "An object lies under the key, but without a Bucket Key. Each reading of it asks KMS: the setting of the "
        "bucket does nothing for an object that is there.",
        next_step="Ask for the Bucket Key where you change an object, and count an object without one as not right.",
        **seen,
    )
    two_layers = next(lies[name] for name in stay if name in lies)
    expect(
        two_layers.mode == "aws:kms:dsse",
        "An object under DSSE-KMS was changed. Somebody asked for two layers on purpose: a copy leaves one, and nobody "
        "notices.",
        expected="it stays as it is, and its name stands in `left`",
        next_step="Look at the mode of an object first, and leave aws:kms:dsse alone.",
        actual=str(two_layers),
    )
    for which, wanted in (("changed", due), ("left", stay)):
        expect(
            sorted(result[which]) == sorted(wanted),
            f"`{which}` does not name the objects that it should. `changed` are those that you brought under the key "
            "in this call, `left` those under DSSE-KMS or SSE-C; what was right already is in neither.",
            expected=", ".join(sorted(names[name] for name in wanted)),
            next_step="Add a name to `changed` right after S3 changed the object, and each name once.",
            actual=", ".join(sorted(names.get(name, show(name)) for name in result[which])),
        )


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_nothing_else_changes(answer, lab, app, bucket, key, fresh, monkeypatch):
    """Bytes, metadata, content type, tags and storage class stay; what is right already is not written again."""
    sent, kept = [], {"bytes": fresh.bytes(40), "metadata": {"by": fresh.text(5)}, "content type": "text/x-case"}
    kept |= {"tags": {"case": fresh.text(5)}, "storage class": "STANDARD_IA"}
    s3_objects.put_default(lab.home.admin, bucket, key)
    for name, how in (("old", s3_objects.put_under(lab.home.create_key())), ("right", s3_objects.put_under(key))):
        s3_objects.put_with(app, bucket, name, kept, how)
    with monkeypatch.context() as patch:
        patch.setattr(lab, "send", s3_objects.in_pages(lab.send, bucket, 1_000, sent))
        _rekey(answer, bucket, key)
    there = names_in(bucket)
    expect(
        there == ["old", "right"],
        "The bucket does not hold the same names as before.",
        expected="old and right, the two names that it had",
        next_step="Change each object under its own name, and leave no other beside it.",
        actual=", ".join(there),
    )
    after = s3_objects.all_of(app, bucket, "old")
    lost = {part: after[part] for part in kept if after[part] != kept[part]}
    expect(
        not lost,
        f"An object lost more than its old key: {', '.join(lost)}. What writes an object anew, a copy or "
        "an upload, keeps only what you take along.",
        expected=show({part: kept[part] for part in lost}),
        next_step="Find the operation of S3 that changes the encryption of an object and nothing else, or take all of "
        "this along.",
        actual=show(lost),
    )
    expect(
        not [method for method, name in sent if name == "right" and method not in ("GET", "HEAD")],
        "An object that was right already was written again. On a bucket with millions of them that is the bill, and a "
        "second run should change nothing.",
        expected="no request that writes, for an object under `key_arn` with its Bucket Key on",
        next_step="Ask S3 how an object lies before you change it, and skip what is right.",
    )


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_a_refusal_ends_it(answer, lab, app, bucket, key):
    """When S3 or KMS refuses an object for another reason, `rekey` raises; it does not pass over the object."""
    admin, old = lab.home.admin, lab.home.create_key()
    new_object(app, bucket, "a", how=s3_objects.put_under(old, BucketKeyEnabled=False))
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    for refused, refuse in (
        ("The older key of an object (of 0 bytes) is disabled", lambda: lab.home.switch_key(old, on=False)),
        ("You may not look at an object", lambda: admin.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)),
    ):
        refuse()
        if answer.raises("rekey", answer.client(service="s3"), bucket, key) is None:
            reject(
                f"{refused}, so it stays under its older key, and `rekey` ended as if all were well. Who then deletes "
                "that key loses the object.",
                expected="an exception",
                next_step="Catch only what tells of SSE-C: the 400 of a HeadObject without ChecksumMode, or the "
                "InvalidRequest of the change. Let all else through.",
            )


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_the_object_is_sealed(answer, lab, partners, bucket, key, fresh, monkeypatch):
    """S3 is given nothing of the payload, and the Amazon S3 Encryption Client opens the object, as that comes."""
    name, commitments = fresh.text(8), []
    for payload in (fresh.bytes(fresh.integer(500, 600)), b""):
        before, given = len(lab.calls), []
        with monkeypatch.context() as patch:
            patch.setattr(lab, "send", s3_objects.overheard(lab.send, given))
            answer.call("put_sealed", bucket, name, key, payload)
        if not given:
            reject("`put_sealed` asked nothing of S3.", expected=f"an object named {name}", next_step="Put it there.")
        expect_nothing_given_away(payload, lab.calls[before:], given)
        try:
            got = partners.get_object(Bucket=bucket, Key=name)
            opened, actual = got["Body"].read(), ""
        except Exception as error:  # of the library, of boto3, of cryptography
            opened, actual = None, f"{type(error).__name__}: {error}"
        expect(
            opened == payload,
            "The S3 Encryption Client does not open what `put_sealed` put. It knows one format: the data key, as KMS "
            "encrypted it, and the algorithm stand in the object's metadata, and the algorithm commits to the key.",
            expected="what S3EncryptionClient with a KmsKeyring for `key_arn` opens, without any other setting",
            next_step="Let that library put the object; it is installed as `s3_encryption`. Wrap a boto3 client once "
            "only, or it encrypts twice.",
            actual=actual or show(opened),
        )
        commitments.append(got["Metadata"].get("x-amz-d"))
    expect_other_keys(commitments)


@pytest.mark.task(3)
@pytest.mark.points(1)
def test_sealed_objects_come_back(answer, lab, partners, bucket, key, fresh):
    """`get_sealed` gives back what you, or another program, sealed in another process."""
    sealed = {"ours": b"", "theirs": fresh.bytes(700)}
    began = len(lab.calls)
    answer.call("put_sealed", bucket, "ours", key, sealed["ours"])
    answer.restart()
    _expect_no_key_again(answer, lab, bucket, key, own_data_keys(lab.calls[began:]))
    partners.put_object(Bucket=bucket, Key="theirs", Body=sealed["theirs"])
    for name, wanted in sealed.items():
        before = len(answer.calls)
        try:
            opened = answer.call("get_sealed", bucket, name, key)
        except AnswerRaised:
            if len(answer.calls) > before:
                raise
            reject(
                "`get_sealed` never asked KMS, and raised. Another process put this object: nothing of it is in your "
                "process's memory.",
                expected=show(wanted),
                next_step="Read the object from S3, and open it with the help of KMS.",
            )
        expect(
            isinstance(opened, bytes) and opened == wanted,
            "`get_sealed` gave back something else than was sealed. A plain GetObject gives ciphertext here: S3 does "
            "not open what it did not encrypt.",
            expected=show(wanted),
            next_step="Read the object with the library that seals it, and return the bytes of its Body.",
        )


@pytest.mark.task(3)
@pytest.mark.points(1)
def test_what_is_not_sealed_is_refused(answer, lab, app, partners, bucket, key, fresh, monkeypatch):
    """`get_sealed` raises for an altered object, for one in the clear, and while KMS refuses."""
    payload = fresh.bytes(200)
    answer.call("put_sealed", bucket, "a", key, payload)
    began, given = len(lab.calls), []
    with monkeypatch.context() as patch:
        patch.setattr(lab, "send", s3_objects.overheard(lab.send, given))
        opened = answer.call("get_sealed", bucket, "a", key)
    expect(
        opened == payload,
        "`get_sealed` gave back something else than `put_sealed` had sealed.",
        expected=show(payload),
        next_step="Put and get the object with the same library.",
    )
    if any(call.operation == "Decrypt" and "KeyId" not in call.parameters for call in lab.calls[began:]):
        s3_encryption_client(app, lab.home.create_key()).put_object(Bucket=bucket, Key="a", Body=payload)
        _expect_refused(answer, bucket, key, "The object was sealed under another KMS key than `key_arn`", NAME)
        s3_encryption_client(app, key)
    partners.put_object(Bucket=bucket, Key="a", Body=payload)
    body, metadata = s3_objects.read_now(bucket, "a")
    opener, by_library = data_key_of(lab.calls[-1]), b"S3ECPy" in b"".join(text for _, text in given)
    for what, stored, notes, step in altered_objects(body, metadata, opener, fresh, by_library=by_library):
        new_object(app, bucket, "a", stored, metadata=notes)
        told = f"The object was altered by somebody who may write the bucket ({what})"
        _expect_refused(answer, bucket, key, told, step)
    new_object(app, bucket, "a", body, metadata=metadata)
    lab.home.switch_key(key, on=False)
    _expect_refused(answer, bucket, key, "The KMS key is disabled, so nobody may open anything", LET_THROUGH)


def _expect_no_key_again(answer, lab, bucket, key, made):
    """KMS never gives one data key twice; an answer that makes its own has to seal once more, in another process."""
    if not made:
        return
    began = len(lab.calls)
    answer.call("put_sealed", bucket, "ours", key, b"")
    expect(
        not made & own_data_keys(lab.calls[began:]),
        "Two processes made the same data key. What a program can make again, anybody can: no secret is in it.",
        expected="a data key of 32 random bytes, another one in each process",
        next_step="Take the data key from GenerateDataKey, or from os.urandom.",
        actual="the same Plaintext in a call of Encrypt in each process",
    )


def _expect_refused(answer, bucket, key, what, step):
    if answer.raises("get_sealed", bucket, "a", key) is None:
        told = f"{what}, and `get_sealed` gave back a value. Its caller takes that for what was sealed under `key_arn`."
        reject(told, expected="an exception", next_step=step)


def _put_plainly(who, bucket, name):
    try:
        s3_objects.put_plainly(who, bucket, name, b"a new file")
    except ClientError as error:
        reject(
            "After `set_default` a plain put is refused. Nobody can write any more who does not send the headers; a "
            "default is what S3 adds for those who say nothing.",
            expected="the put goes through, and S3 encrypts",
            next_step="Change the bucket's default encryption, not its policy, and name the key by its ARN.",
            actual=str(error),
        )


def _rekey(answer, bucket, key):
    """Call `rekey` and refuse whatever is not the promised form."""
    try:
        result = answer.call("rekey", answer.client(service="s3"), bucket, key)
    except AnswerRaised as raised:
        if raised.code in ("404", "NoSuchKey"):
            other = (
                f"`rekey` asked for an object that is not there ({raised.code}). A name may hold spaces, umlauts and %."
            )
            step = (
                "Take names as the list gives them: ask for no EncodingType, and quote nothing; boto3 does both itself."
            )
            reject(other, expected="each name as it is", next_step=step)
        if raised.code not in ("400", "InvalidRequest") or "(ARN)" in str(raised):
            raise
        reject(
            f"`rekey` ended at an object under SSE-C or DSSE-KMS, with S3's {raised.code}. S3 tells nothing of an "
            "object under SSE-C to whoever does not send its key, and changes neither of the two in place.",
            expected="the names of such objects in `left`",
            next_step="Take S3's 400 for what it means here, leave objects under aws:kms:dsse alone, and go on.",
        )
    lists = list(result.values()) if isinstance(result, dict) and set(result) == {"changed", "left"} else [None]
    if not all(isinstance(names, (list, tuple)) and set(map(type, names)) <= {str} for names in lists):
        reject(
            "`rekey` gave back something else than the brief asks for.",
            expected="a dict with exactly `changed: list[str]` and `left: list[str]`",
            next_step="Collect the names in two lists, and return both.",
        )
    return result


@pytest.fixture
def partners(app, key):
    """The partners' own program."""
    return s3_encryption_client(app, key)
