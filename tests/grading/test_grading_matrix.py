"""The matrix of requests, and what is said of the first one that is decided wrongly."""

import contextlib
import json
import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kms_katas.grading import Rejected
from kms_katas.grading.document import read_policy
from kms_katas.grading.fresh import Fresh
from kms_katas.grading.in_force import (
    caller,
    give,
    keys_beside,
    put_in_force,
    put_key_policy,
    service,
    target,
    whom_it_names,
)
from kms_katas.grading.judge import judge, order_of, send
from kms_katas.grading.matrix import (
    _ACCOUNT_OPERATIONS,
    ELSEWHERE,
    PLAIN,
    THROUGH_S3,
    Caller,
    Cell,
    Circumstance,
    Matrix,
    Target,
    permissions,
)
from kms_katas.grading.outcome import AnswerTimeout, AnswerUnusable, Infra
from kms_katas.lab import Lab
from kms_katas.lab.kms.request import service_model
from kms_katas.policy import NamedPolicy, Principal, decide, parse_document

OWNER, GUEST = "111122223333", "444455556666"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PURPOSE = Circumstance("for a purpose", {"purpose": "audit", "place": "us-east-1"})


def named(name, *statements):
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return NamedPolicy(name, parse_document(json.dumps(document)))


def allow(action="kms:*", resource="*", effect="Allow", **more):
    return {"Effect": effect, "Action": action, "Resource": resource} | more


@pytest.fixture
def write(tmp_path):
    """Writes a policy file of a learner and reads it."""

    def write_it(name, *statements):
        path = tmp_path / name
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False), "utf-8")
        return read_policy(path)

    return write_it


class Holder:
    """What judge needs of an answer."""

    def __init__(self, lab):
        self.lab, self.called, self.returned, self.decisions = lab, "", "", []

    def in_time(self):
        return None


# Which permissions there are


def test_permissions_are_the_operations_of_the_model_with_two_for_reencrypt():
    operations = {f"kms:{name}" for name in service_model().operation_names}
    assert set(permissions()) ^ operations == {"kms:ReEncrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"}
    assert len(permissions()) == len(set(permissions()))


def test_operations_on_no_key_are_those_that_the_model_puts_under_iam_policies_alone():
    found = set()
    for name in service_model().operation_names:
        text = re.sub("<[^>]+>", "", service_model().operation_model(name).documentation)
        required = text.partition("Required permissions")[2].partition("Related operations")[0]
        if "IAM policy" in required and "key policy" not in required:
            found.add(name)
    assert found == _ACCOUNT_OPERATIONS


def test_a_key_and_an_account_are_called_with_different_permissions():
    on_key, on_none = set(Target("the key", KEY).actions), set(Target("the account", "*").actions)
    assert on_key | on_none == set(permissions())
    assert not on_key & on_none


# The cells


def brute_force(matrix):
    """Every wrong cell, each asked for by itself."""
    for who in matrix.callers:
        for place in matrix.targets:
            for circumstance in matrix.circumstances:
                for action in place.actions:
                    cell = Cell(who, action, place, circumstance)
                    wanted = matrix.wanted(cell)
                    if wanted is not None and decide(cell.request, cell.documents).allowed is not wanted:
                        yield cell


SHORT = st.sampled_from(
    ["kms:Decrypt", "kms:*", "kms:Re*", "kms:GenerateDataKey*", "kms:Create*", "*", "kms:retiregrant"]
)
CONDITIONS = st.sampled_from(
    [
        {"StringEquals": {"kms:EncryptionContext:purpose": "audit"}},
        {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
        {"StringEquals": {"kms:CallerAccount": GUEST}},
        {"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}},
        {"StringEquals": {"kms:PolicyName": "default"}},
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
        {"Null": {"kms:EncryptionContextKeys": "true"}},
    ]
)
ACTIONS = st.one_of(st.fixed_dictionaries({"Action": SHORT}), st.fixed_dictionaries({"NotAction": SHORT}))
PLACE = KEY.replace("us-east-1", "${kms:EncryptionContext:place}")
EFFECTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Allow", "Deny"])}, optional={"Condition": CONDITIONS}
)
RESOURCES = st.sampled_from(["*", KEY, KEY.replace("us-east-1", "*"), KEY.replace(OWNER, GUEST), PLACE])
PRINCIPALS = st.sampled_from(["*", *({"AWS": name} for name in (OWNER, GUEST, f"arn:aws:iam::{GUEST}:user/bob"))])


@st.composite
def statement(draw, principals=False):
    found = draw(EFFECTS) | draw(ACTIONS) | {"Resource": draw(RESOURCES)}
    return found | ({"Principal": draw(PRINCIPALS)} if principals else {})


@given(
    st.lists(statement(principals=True), min_size=1, max_size=3),
    st.lists(statement(), min_size=1, max_size=3),
    st.sampled_from([True, False]) | st.integers(0, 2**32),
)
@settings(max_examples=60)
def test_what_is_left_out_as_alike_is_alike(key_statements, identity_statements, wish):
    """The matrix finds a wrong cell exactly where asking for each cell finds one, whatever is wanted."""
    key_policy, identity = named("k", *key_statements), named("i", *identity_statements)
    callers = tuple(
        Caller(arn, Principal(arn), (identity,), {"aws:CurrentTime": "2026-01-01T00:00:00Z"})
        for arn in (f"arn:aws:iam::{OWNER}:root", f"arn:aws:iam::{OWNER}:role/a", f"arn:aws:iam::{GUEST}:user/bob")
    )
    targets = (Target("the key", KEY, key_policy), Target("the account", "*"))

    def wanted(cell):
        """Always, never, or now and then."""
        chance = (None, True, False)[(wish ^ (len(cell.action) + len(cell.circumstance.name))) % 3]
        return wish if isinstance(wish, bool) else chance

    matrix = Matrix(callers, targets, (PLAIN, PURPOSE, THROUGH_S3, ELSEWHERE), wanted)
    places = {(wrong.cell.caller, wrong.cell.target) for wrong in matrix.wrong()}
    assert places == {(cell.caller, cell.target) for cell in brute_force(matrix)}
    asked = {(cell.caller, cell.action, cell.target, cell.circumstance) for cell in brute_force(matrix)}
    assert all((w.cell.caller, w.cell.action, w.cell.target, w.cell.circumstance) in asked for w in matrix.wrong())


def test_circumstances_count_where_a_resource_has_a_variable():
    arn = f"arn:aws:iam::{OWNER}:user/ann"
    ann = Caller(arn, Principal(arn), (named("i", allow(resource=PLACE)),))
    the_key = Target("the key", KEY, named("k", allow(Principal={"AWS": OWNER})))
    wrong = Matrix((ann,), (the_key,), (PLAIN, PURPOSE), lambda cell: False).wrong()
    assert {one.cell.circumstance for one in wrong} == {PURPOSE}


@given(
    st.lists(statement(principals=True), min_size=1, max_size=2),
    st.lists(statement(), min_size=1, max_size=2),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_lab_decides_each_cell_as_the_matrix_does(key_statements, identity_statements):
    with Lab() as lab:
        key = lab.home.create_key(key_id=KEY.rpartition("/")[2])
        bob = lab.account(GUEST).user("bob")
        identity = named("i", *identity_statements)
        give(identity, bob)
        the_key = target("the key", lab.home, key, named("k", *key_statements), (PLAIN, PURPOSE))
        him = caller(lab, bob, identity)
        for circumstance in (PLAIN, PURPOSE):
            for action in ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GetKeyPolicy", "kms:DescribeKey"):
                cell = Cell(him, action, the_key, circumstance)
                send(Holder(lab), cell, allowed=decide(cell.request, cell.documents).allowed)


def test_every_request_that_the_matrix_can_send_is_one_that_the_lab_knows(lab):
    key = lab.home.create_key()
    identity = named("i", allow())
    give(identity, lab.home.user("ann"))
    actor = lab.home.user("ben")
    give(identity, actor)
    default = named("k", allow(Principal={"AWS": OWNER}))
    him, the_key = caller(lab, actor, identity), target("the key", lab.home, key, default, (PLAIN, PURPOSE))
    sent = 0
    for place in (the_key, Target("the account", "*")):
        # What stops the key comes last.
        for action in sorted(place.actions, key=lambda one: one in ("kms:DisableKey", "kms:ScheduleKeyDeletion")):
            cell = Cell(him, action, place)
            if order_of(cell) and action != "kms:ScheduleKeyDeletion":
                send(Holder(lab), cell, allowed=True)
                sent += 1
    assert sent > 5


# The words


@pytest.fixture
def bob(lab):
    return lab.account(GUEST).user("bob")


ALL = named("an identity policy that gives kms:*", allow())
OWNERS = allow(Principal={"AWS": OWNER}, Sid="The owner")


def refusal(lab, bob, wanted, key_policy, identity=ALL, *, files, circumstances=(PLAIN,)):
    key = lab.home.create_key(key_id=KEY.rpartition("/")[2])
    give(identity, bob)
    the_key = target("the key", lab.home, key, key_policy, circumstances)
    matrix = Matrix((caller(lab, bob, identity),), (the_key,), circumstances, wanted)
    holder = Holder(lab)
    with pytest.raises(Rejected) as raised:
        judge(holder, matrix, "That is the lesson.", *files)
    return raised.value, holder


def test_a_request_that_must_not_pass_is_told_with_the_statements_that_let_it(lab, bob, write):
    key_policy = write("key-policy.json", OWNERS, allow("kms:Enc*", Principal={"AWS": bob.arn}, Sid="For bob"))
    identity = write("iam-policy.json", allow(["kms:Decrypt"]), allow("kms:Encrypt", Sid="More"))
    told, holder = refusal(lab, bob, lambda cell: False, key_policy, identity, files=(key_policy, identity))
    assert told.message.startswith(
        f"With these policies user/bob in account {GUEST} can call kms:Encrypt on the key, because "
        'statement 2 ("For bob") of key-policy.json lets it in and statement 2 ("More") of iam-policy.json allows'
    )
    assert told.message.endswith("That is the lesson.")
    assert told.file.endswith("key-policy.json")
    assert told.line == key_policy.line(1)
    assert (holder.called.split()[0], holder.returned) == ("Encrypt", "KMS did it")
    assert [call.via for call in lab.calls if call.operation == "Encrypt" and call.principal_arn == bob.arn] == [
        "answer"
    ]


def test_a_request_that_must_pass_is_told_with_the_nearest_statement(lab, bob, write):
    key_policy = write(
        "key-policy.json",
        OWNERS,
        allow("kms:Encrypt", Principal={"AWS": bob.arn}),
        allow("kms:Sign", Principal="*", Resource=KEY + "x"),
    )
    told, holder = refusal(lab, bob, lambda cell: cell.action == "kms:Decrypt" or None, key_policy, files=(key_policy,))
    assert (
        "cannot call kms:Decrypt on the key, because no statement of key-policy.json allows it: statement 2 does"
        in told.message
    )
    assert told.line == key_policy.line(1)
    assert "let the Action cover kms:Decrypt" in told.next_step
    assert "not authorized" in holder.returned


def test_of_statements_about_others_the_last_is_told(lab, bob, write):
    mine = write("key-policy.json", OWNERS, allow(Principal={"AWS": "999999999999"}, Sid="Mistyped"))
    told, _ = refusal(lab, bob, lambda cell: cell.action == "kms:Decrypt" or None, mine, files=(mine,))
    assert 'statement 2 ("Mistyped") does not apply' in told.message
    assert f"covers user/bob in account {GUEST}" in told.next_step


@pytest.mark.parametrize(
    "statement, told",
    [
        (allow("kms:Decrypt", KEY.replace(OWNER, GUEST)), f"let the Resource be {KEY}"),
        (allow("kms:Decrypt", Condition={"StringEquals": {"aws:username": "ann"}}), "take the Condition away"),
        (allow("kms:Encrypt"), "let the Action cover kms:Decrypt"),
        (allow("kms:Decrypt", effect="Deny"), "let the Deny leave this request out"),
    ],
)
def test_the_next_step_is_about_the_element_that_keeps_the_request_out(lab, bob, write, statement, told):
    mine = write("iam-policy.json", statement)
    open_to_all = named("an open key policy", allow(Principal={"AWS": [OWNER, GUEST]}))
    found, _ = refusal(lab, bob, lambda cell: cell.action == "kms:Decrypt" or None, open_to_all, mine, files=(mine,))
    assert told in found.next_step
    assert found.line == mine.line(0)


def test_a_deny_in_one_file_is_not_laid_on_the_allow_of_the_other(lab, bob, write):
    key_policy = write("key-policy.json", OWNERS, allow("kms:Decrypt", Principal={"AWS": bob.arn}))
    identity = write("iam-policy.json", allow("kms:Decrypt", KEY, effect="Deny"))
    files = (key_policy, identity)
    found, _ = refusal(lab, bob, lambda cell: cell.action == "kms:Decrypt" or None, *files, files=files)
    assert "statement 1 of iam-policy.json denies it" in found.message
    assert "iam-policy.json, let the Deny leave" in found.next_step


def test_somebody_in_the_owners_own_statement_is_taken_out_of_it_with_its_actions_left(lab, bob, write):
    mine = write("key-policy.json", allow(Principal={"AWS": [OWNER, bob.arn]}))
    found, _ = refusal(lab, bob, lambda cell: cell.action != "kms:Decrypt" and False, mine, files=(mine,))
    assert "let the Principal be the owner's account alone" in found.next_step


def test_a_service_that_calls_for_somebody_may_make_grants_where_that_is_the_condition(lab, bob, write):
    for_services = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    mine = write("key-policy.json", OWNERS, allow(Principal={"AWS": bob.arn}, Condition=for_services))
    found, _ = refusal(lab, bob, lambda cell: False, mine, files=(mine,), circumstances=(PLAIN, THROUGH_S3))
    assert re.search("can call kms:(Create|List|Revoke)Grants? on the key through S3", found.message)


def test_a_caller_that_the_brief_leaves_out_is_a_matter_of_the_principal(lab, bob, write):
    mine = write("key-policy.json", OWNERS, allow("kms:Decrypt", Principal="*"))
    found, _ = refusal(lab, bob, lambda cell: False, mine, files=(mine,))
    assert "Principal" in found.next_step


def test_a_request_that_the_lab_can_send_is_told_before_one_that_it_cannot(lab, bob, write):
    mine = write("key-policy.json", OWNERS, allow(["kms:Sign", "kms:Decrypt"], Principal={"AWS": bob.arn}))
    found, holder = refusal(lab, bob, lambda cell: False, mine, files=(mine,), circumstances=(THROUGH_S3, PLAIN))
    assert "kms:Decrypt" in found.message
    assert holder.called


def test_a_wrong_request_that_the_lab_cannot_send_is_still_told(lab, bob, write):
    mine = write("key-policy.json", OWNERS, allow("kms:Sign", Principal={"AWS": bob.arn}))
    found, holder = refusal(lab, bob, lambda cell: False, mine, files=(mine,))
    assert "can call kms:Sign" in found.message
    assert holder.called == ""


def test_a_matrix_that_holds_refuses_nothing_and_sends_nothing(lab, bob, write):
    mine = write("key-policy.json", OWNERS)
    the_key = target("the key", lab.home, lab.home.create_key(), mine)
    before = len(lab.calls)
    judge(Holder(lab), Matrix((caller(lab, bob),), (the_key,), (PLAIN, THROUGH_S3), lambda cell: False), "", mine)
    assert len(lab.calls) == before


LISTED = {"StringEquals": {"kms:EncryptionContextKeys": "env"}}  # without a qualifier, which AWS leaves open
SEALED = Circumstance("with a context", {"env": "prod"})


@pytest.mark.parametrize("wish, open_points", [(False, {"multi-valued-without-qualifier"}), (True, set())])
def test_a_verdict_that_rests_on_what_aws_leaves_open_says_so(lab, bob, write, wish, open_points):
    """Where the answer holds, on every decision; where it is refused, on the one that is told."""
    mine = write("key-policy.json", OWNERS, allow("kms:Encrypt", Principal={"AWS": bob.arn}, Condition=LISTED))
    give(ALL, bob)
    the_key = target("the key", lab.home, lab.home.create_key(), mine)
    wanted = {"kms:Encrypt": False, "kms:DescribeKey": wish}
    matrix = Matrix((caller(lab, bob, ALL),), (the_key,), (PLAIN, SEALED), lambda cell: wanted.get(cell.action))
    holder = Holder(lab)
    with pytest.raises(Rejected) if wish else contextlib.nullcontext():
        judge(holder, matrix, "", mine)
    assert {point for decision in holder.decisions for point in decision.open} == open_points


def test_a_lab_that_decides_otherwise_is_the_fault_of_the_kit(lab, bob):
    the_key = target("the key", lab.home, lab.home.create_key(), named("k", OWNERS))
    with pytest.raises(Infra, match="disagree"):
        send(Holder(lab), Cell(caller(lab, bob), "kms:Encrypt", the_key), allowed=True)


def test_the_limit_of_time_holds_for_a_matrix_too(lab, bob, write):
    mine = write("key-policy.json", OWNERS)
    the_key = target("the key", lab.home, lab.home.create_key(), mine)

    def in_time():
        raise AnswerTimeout

    holder = Holder(lab)
    holder.in_time = in_time
    with pytest.raises(AnswerTimeout):
        judge(holder, Matrix((caller(lab, bob),), (the_key,), (PLAIN,), lambda cell: False), "", mine)


# What AWS takes


@pytest.mark.parametrize(
    "statement, told",
    [
        (allow(Sid="with spaces"), 'its Sid is "with spaces"'),
        (allow(Sid="dash-ed"), "letters A to Z and digits"),
        (allow(Principal="*"), "has a Principal"),
        ({"Effect": "Allow", "Resource": "*"}, "must contain actions"),
        ({"Effect": "Allow", "Action": "kms:*"}, "must contain resources"),
        (allow("Decrypt"), "prefaced by a vendor"),
        (allow(resource="alias/x"), "must be in ARN format"),
        (allow(Sid="Fine"), "must be unique"),
    ],
)
def test_an_identity_policy_that_iam_refuses_is_refused_with_its_line(bob, write, statement, told):
    mine = write("iam-policy.json", allow(Sid="Fine"), statement)
    with pytest.raises(AnswerUnusable) as raised:
        give(mine, bob)
    assert told in raised.value.message
    assert raised.value.line == mine.line(1)
    assert raised.value.file.endswith("iam-policy.json")


@pytest.mark.parametrize(
    "statement, told",
    [
        (allow(Principal={"AWS": "arn:aws:iam::444455556666:user/nobody"}), "invalid principals"),
        (allow(Principal={"AWS": GUEST}), "lockout check"),
        (allow(), "names no principal"),
        (allow(Principal={"AWS": OWNER}, Sid="Schlüssel für 10 €"), "ValidationException"),
    ],
)
def test_a_key_policy_that_kms_refuses_is_refused_in_its_words(lab, bob, write, statement, told):
    mine = write("key-policy.json", statement)
    with pytest.raises(AnswerUnusable) as raised:
        put_key_policy(mine, lab.home, lab.home.create_key())
    assert told in raised.value.message
    assert raised.value.file.endswith("key-policy.json")
    assert "key-policy.json" in raised.value.next_step


def test_keys_beside_differ_from_the_key_and_from_each_other(lab):
    key = lab.home.create_key(key_id=KEY.rpartition("/")[2])
    beside = keys_beside(lab, key, named("k", OWNERS), Fresh(7), (PLAIN,))
    arns = [one.arn for one in beside]
    assert len({key, *arns}) == len(arns) + 1
    assert sum(arn.endswith(KEY.rpartition("/")[2]) for arn in arns) == 2


def test_a_wildcard_for_any_digit_of_the_key_id_covers_a_key_beside(lab):
    key = lab.home.create_key(key_id=KEY.rpartition("/")[2])
    arns = [one.arn for one in keys_beside(lab, key, named("k", OWNERS), Fresh(7), (PLAIN,))]
    start = key.index("/") + 1
    for at in range(start, len(key)):
        if key[at] != "-":
            assert any(fnmatchcase(arn, f"{key[:at]}?{key[at + 1 :]}") for arn in arns), f"digit {at - start}"


def test_whom_a_policy_names_beside_the_known_is_made_in_the_lab(lab, write):
    arns = [f"arn:aws:iam::{GUEST}:{who}" for who in ("user/bob", "user/eve", "role/audit")]
    mine = write(
        "key-policy.json",
        OWNERS,
        allow(Principal={"AWS": GUEST}, Condition={"ArnEquals": {"aws:PrincipalArn": arns}}),
        allow(Principal={"AWS": "999999999999"}),
    )
    found = [one.role_arn or one.arn for one in whom_it_names(mine, lab, OWNER, f"{GUEST}:user/bob")]
    assert {*arns[1:]} < {*found} and arns[0] not in found
    assert {arn.split(":")[4] for arn in found} == {GUEST, "999999999999"}
    assert not whom_it_names(mine, lab, OWNER, GUEST, "999999999999")


def test_a_service_is_a_caller_that_sends_nothing_in_the_lab():
    assert order_of(Cell(service("s3.amazonaws.com"), "kms:Encrypt", Target("the key", KEY))) is None


def test_all_files_of_an_answer_go_where_their_names_say(lab, bob, write):
    class Both(Holder):
        learner, files = bob, ("key-policy.json", "iam-policy.json", "gone.json")

        def policy(self, name):
            if name == "gone.json":
                raise AnswerUnusable("gone.json is not there.", "Write it.")
            return policies[name]

    key = lab.home.create_key()
    policies = {
        "key-policy.json": write("key-policy.json", OWNERS, allow("kms:Encrypt", Principal={"AWS": bob.arn})),
        "iam-policy.json": write("iam-policy.json", allow("kms:Encrypt", key)),
    }
    refused = dict(put_in_force(Both(lab), key))
    assert [name for name, error in refused.items() if error] == ["gone.json"]
    bob.client("kms").encrypt(KeyId=key, Plaintext=b"-")
