"""Answers that are policies: read within bounds, faults told with their place, no process started for them."""

import json
import os
import secrets
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.grading.document import _TOKEN, MAX_DEPTH, MAX_DOCUMENT, read_policy
from kms_katas.grading.lane import grade_in_lane
from kms_katas.grading.outcome import AnswerUnusable, Infra
from kms_katas.kit import find_kit
from kms_katas.reports.text import as_text

KATA = "katas/01-keys/02-doors"
NAMES = ("outer-policy.json", "inner-policy.json")

TOML = """
schema = "urn:kms-katas:kata:1"
id = "keys/doors"
title = "Doors"
level = 1
points = 4
minutes = 5
concepts = ["key-policy"]
exams = ["SCS-C03"]
prerequisites = []
services = ["kms"]
answer = ["outer-policy.json", "inner-policy.json"]
browser = true
why = "Because."

[[task]]
title = "Open it"
hints = ["Vague.", "Direct."]
"""

CHECKS = '''
import pytest
from kms_katas.grading import expect


def sids(policy):
    return [statement["Sid"] for statement in policy.document["Statement"]]


@pytest.mark.task(1)
def test_outer(answer):
    """The outer policy is open."""
    policy = answer.policy("outer-policy.json")
    expect("Open" in sids(policy), "It is shut.", expected="Open", next_step="Open it.")


@pytest.mark.task(1)
def test_outer_again(answer):
    """The outer policy is open, still."""
    policy = answer.policy("outer-policy.json")
    expect("Open" in sids(policy), "It is shut.", expected="Open", next_step="Open it.")


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_inner(answer):
    """The inner policy is open."""
    policy = answer.policy("inner-policy.json")
    if "Open" not in sids(policy):
        line = policy.line(len(sids(policy)) - 1)
        from kms_katas.grading import reject
        reject("It is shut.", expected="Open", next_step="Open it.", file=str(policy.path), line=line)
'''


def policy(*sids):
    statements = [{"Sid": sid, "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"} for sid in sids]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


class NoProcess:
    """A runner that must not be asked for a process."""

    name, isolation, lacks = "none", "none", ""

    def warm(self):
        raise AssertionError("a process was started")

    start = warm

    def close(self):
        return None


@pytest.fixture
def kit(mini_root):
    for name, text in {
        f"{KATA}/kata.toml": TOML,
        f"{KATA}/README.md": "# Doors\n\n## 1. Open it\n",
        f"{KATA}/{NAMES[0]}": policy("TODO1"),
        f"{KATA}/{NAMES[1]}": policy("First", "TODO2"),
        "tests/graders/01_keys/test_doors.py": CHECKS,
    }.items():
        (mini_root / name).parent.mkdir(parents=True, exist_ok=True)
        (mini_root / name).write_text(text, "utf-8")
    return find_kit(mini_root)


@pytest.fixture
def folder(tmp_path):
    """An answer that is right."""
    place = tmp_path / "answer"
    place.mkdir()
    for name in NAMES:
        (place / name).write_text(policy("Open"), "utf-8")
    return place


@pytest.fixture
def grade(kit):
    kata = kit.kata("keys/doors")
    return lambda folder: grade_in_lane(kit, (kata,), NoProcess(), lambda lane: lane.grade_folder(kata, folder))


def test_documents_are_graded_without_a_process(grade, folder):
    verdict = grade(folder)
    assert verdict.passed
    assert verdict.isolation == "none"


def test_a_starter_of_two_files_is_untouched_until_one_of_them_changes(grade, kit):
    starter = kit.root / KATA
    assert grade(starter).untouched
    (starter.parent / "copy").mkdir()
    for name in NAMES:
        (starter.parent / "copy" / name).write_bytes((starter / name).read_bytes().replace(b"\n", b"\r\n"))
    assert grade(starter.parent / "copy").untouched
    (starter.parent / "copy" / NAMES[1]).write_text(policy("Changed"))
    assert not grade(starter.parent / "copy").untouched


def test_a_refusal_names_the_file_it_is_about(grade, folder):
    (folder / NAMES[1]).write_text(policy("First", "Shut"))
    *_, inner = grade(folder).checks
    assert inner.status == "fail"
    assert inner.file.endswith(NAMES[1])
    assert "Shut" in "".join((folder / NAMES[1]).read_text().splitlines()[inner.line - 1 : inner.line + 1])


def test_a_refusal_that_names_no_file_blames_neither_of_two(grade, folder):
    (folder / NAMES[0]).write_text(policy("Shut"))
    assert grade(folder).checks[0].file == ""


def test_each_check_that_needs_a_broken_file_says_so_and_the_others_go_on(grade, folder):
    (folder / NAMES[0]).write_text("{")
    outer, again, inner = grade(folder).checks
    assert (outer.status, again.status, inner.status) == ("error", "error", "pass")
    assert outer.message == again.message
    assert outer.file.endswith(NAMES[0])


def test_a_broken_file_is_told_once(grade, folder):
    from kms_katas.cli import screen

    (folder / NAMES[0]).write_text("{")
    shown = screen.page(as_text(grade(folder), "Doors"))
    assert shown.count("not valid JSON") == 1
    assert "for the same reason" in shown


def test_a_file_that_the_kata_does_not_list_is_the_fault_of_the_kit(kit, folder):
    checks = kit.graders / "01_keys/test_doors.py"
    checks.write_text(checks.read_text().replace('"inner-policy.json"', '"third-policy.json"'))
    kata = kit.kata("keys/doors")
    with pytest.raises(Infra, match=r"third-policy\.json"):
        grade_in_lane(kit, (kata,), NoProcess(), lambda lane: lane.grade_folder(kata, folder))


def test_policies_are_read_anew_by_each_grading(kit, folder):
    kata = kit.kata("keys/doors")

    def twice(lane):
        first = lane.grade_folder(kata, folder)
        (folder / NAMES[0]).write_text(policy("Shut"))
        return first, lane.grade_folder(kata, folder)

    first, second = grade_in_lane(kit, (kata,), NoProcess(), twice)
    assert (first.passed, second.passed) == (True, False)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "my-policy.json"


def fault(path):
    with pytest.raises(AnswerUnusable) as raised:
        read_policy(path)
    assert raised.value.message.startswith("my-policy.json")
    assert "my-policy.json" in raised.value.next_step
    assert raised.value.file == "my-policy.json"
    return raised.value


GOOD = policy("Open")


@pytest.mark.parametrize(
    "data",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "").encode(),
    ],
    ids=["plain", "byte order mark", "CRLF", "one line"],
)
def test_line_ends_and_a_byte_order_mark_make_no_difference(path, data):
    path.write_bytes(data)
    assert read_policy(path).document == json.loads(GOOD)


@pytest.mark.parametrize(
    "text, line, column",
    [
        ('{\n  "Version": "2012-10-17",\n}', 3, 1),
        ("{\n  'Version': 1}", 2, 3),
        ('{"Statement": [\n  {}\n  {}\n]}', 3, 3),
        (GOOD + "\n}", GOOD.count("\n") + 2, 1),
        ('{"Statement":\n\n  [}', 3, 4),
    ],
)
def test_json_that_is_none_is_told_with_line_and_column(path, text, line, column):
    path.write_text(text)
    found = fault(path)
    assert f"line {line}, column {column}: it is not valid JSON" in found.message
    assert found.line == line


def test_a_name_that_stands_twice_is_told_at_its_second_place(path):
    path.write_text('{"Statement": [{"Sid": "a",\n  "Effect": "Allow",\n  "Effect": "Deny", "Action": "Effect"}]}')
    found = fault(path)
    assert 'line 3, column 3: "Effect" stands twice' in found.message


def test_a_fault_of_one_statement_is_told_with_its_line(path):
    path.write_text(
        GOOD.replace('"Statement": [', '"Statement": [\n{"Effect": "Allow"},').replace(
            '"Effect": "Allow",', '"Effect": "allow",'
        )
    )
    found = fault(path)
    assert "Statement 2" in found.message
    assert path.read_text().splitlines()[found.line - 1].strip() == '"Effect": "allow",'


@pytest.mark.parametrize("text", ["", "  \n\t\n", "\ufeff"])
def test_an_empty_file_is_told(path, text):
    path.write_text(text, "utf-8")
    assert "empty" in fault(path).message


@pytest.mark.parametrize("text", ["[]", "3", '"text"', "null", "{}", '{"Statement": []}', '{"Version": "2099-01-01"}'])
def test_json_that_is_no_policy_is_told(path, text):
    path.write_text(text)
    fault(path)


@pytest.mark.parametrize("coding", ["utf-16", "utf-32", "latin-1"])
def test_a_file_that_is_not_utf8_is_told(path, coding):
    path.write_text(GOOD.replace("Open", "Öffnen"), coding)
    assert "not UTF-8" in fault(path).message


def test_a_missing_file_a_folder_and_an_unreadable_one_are_told(path, tmp_path):
    assert "is not there" in fault(path).message
    path.mkdir()
    assert "is a folder" in fault(path).message
    path.rmdir()
    path.symlink_to(path)
    fault(path)


def test_a_file_over_the_limit_is_told_and_not_read(path):
    path.write_text(GOOD + " " * (MAX_DOCUMENT - len(GOOD)))
    read_policy(path)
    path.write_text(GOOD + " " * (MAX_DOCUMENT - len(GOOD) + 1))
    assert str(MAX_DOCUMENT) in fault(path).message


@pytest.mark.parametrize("opening, closing", ["[]", ('{"a":', "}")])
def test_nesting_over_the_limit_is_told_before_it_is_parsed(path, opening, closing):
    path.write_text('{"Statement":\n' + opening * MAX_DEPTH + "1" + closing * MAX_DEPTH + "}")
    assert f"more than {MAX_DEPTH} deep" in fault(path).message
    path.write_text('{"Statement":\n' + opening * 6000)
    assert fault(path).line == 2


def test_a_text_that_never_ends_is_one_piece_and_not_looked_for_from_each_of_its_quotes():
    assert [piece[0] for piece in _TOKEN.finditer('{"' + '\\"' * 16_000)] == ["{", '"' + '\\"' * 16_000]


def test_brackets_in_text_are_no_nesting(path):
    path.write_text(GOOD.replace("Open", "[{" * 30 + '\\"'))
    read_policy(path)


@given(st.binary(max_size=80) | st.text(alphabet='{}[]":,\\ \naS\ufeff', max_size=60).map(str.encode))
def test_no_bytes_break_the_reader(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / f"{os.getpid()}.json"
    path.write_bytes(data)
    try:
        read_policy(path)
    except AnswerUnusable as error:
        assert error.message and error.next_step


TEXTS = st.text(alphabet='{}[]":,\\ Statemn', max_size=12)
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {"Effect": st.just("Allow"), "Action": st.lists(TEXTS, max_size=2)},
        optional={"Sid": TEXTS, "Resource": TEXTS, "Condition": st.just({"Null": {"Statement": "true"}})},
    ),
    min_size=1,
    max_size=4,
)


@given(STATEMENTS, st.none() | st.integers(0, 4), st.booleans())
def test_the_line_of_each_statement_is_where_it_begins(tmp_path_factory, statements, indent, first):
    whole = {"Id": secrets.token_hex(3), "Statement": statements}
    text = json.dumps(whole if first else dict(reversed(whole.items())), indent=indent)
    path = tmp_path_factory.getbasetemp() / f"{os.getpid()}.json"
    path.write_text(text)
    found = read_policy(path)
    for place, statement in enumerate(statements):
        rest = "\n".join(text.split("\n")[found.line(place) - 1 :])
        starts = [
            json.JSONDecoder().raw_decode(rest, at)[0]
            for at, sign in enumerate(rest.split("\n")[0])
            if sign == "{" and _decodes(rest, at)
        ]
        assert statement in starts
    assert found.line(len(statements)) == 0


def _decodes(text, at):
    try:
        json.JSONDecoder().raw_decode(text, at)
    except ValueError:
        return False
    return True


def test_a_single_statement_without_a_list_has_its_line(path):
    path.write_text(
        textwrap.dedent("""
        {"Id": "x",
         "Statement":
           {"Effect": "Allow"}}""")
    )
    assert read_policy(path).statement_lines == (4,)
