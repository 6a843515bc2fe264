"""The `kata` command on a kata whose answer is a table: rows drawn for each learner, and nothing won by trying."""

import itertools
import json
import random
import re
import shutil
import sys
import tomllib

import pytest

from kms_katas.study.progress import TELLINGS

KATA, SOLUTION = "katas/01-keys/02-numbers", "solutions/01-keys/02-numbers"

TOML = """
schema = "urn:kms-katas:kata:1"
id = "keys/numbers"
title = "Numbers"
level = 1
points = 2
minutes = 5
concepts = ["numbers"]
exams = ["SCS-C03"]
prerequisites = []
services = ["kms"]
answer = ["table.toml"]
browser = true
why = "Because."

[[task]]
title = "Say what they are"
hints = ["Vague.", "Direct."]
"""

POOL = """
schema = "urn:kms-katas:rows:1"

[answers]
kind = ["even", "odd"]
half = []

[[document]]
name = "rule"
about = "What halves are."
text = '''
An odd number's half is rounded down.
'''
""" + "".join(
    f'\n[[row]]\ngroup = "{group}"\nread = ["rule"]\nnumber = "{1000 * group + number}"\n'
    for group in range(6)
    for number in random.Random(4).sample(range(100), 8)
)

CHECKS = '''
import pytest
from kms_katas.grading.judge_table import rows_must_be_right


def truth(row):
    number = int(row.given["number"])
    return {"kind": "odd" if number % 2 else "even", "half": str(number // 2)}


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_rows(answer):
    """Each row is right."""
    rows_must_be_right(
        answer,
        answer.table("table.toml"),
        misread=lambda row, said: "" if said["half"].isdigit() else "a half is a number.",
        wrong=lambda row, said: "" if said == truth(row) else f"{row.given['number']} is not {said['kind']} so.",
        solved=lambda row: f"{row.given['number']} is {truth(row)['kind']}\\n┃ half {truth(row)['half']}",
    )
'''

TWO_CHECKS = (
    CHECKS
    + '''

@pytest.mark.task(1)
def test_more(answer):
    """There is more."""
    assert False, "There is more."
'''
)


def halves(number):
    return {"kind": "odd" if int(number) % 2 else "even", "half": str(int(number) // 2)}


def filled(text, said=halves):
    """The table with an answer to each row; `said` gives it for a number."""
    lines, answers = [], {}
    for line in text.split("\n"):
        if found := re.fullmatch(r'number = "(\d+)"', line):
            answers = said(found[1])
        if found := re.fullmatch(r'(kind|half) = ""', line):
            line = f'{found[1]} = "{answers[found[1]]}"'
        lines.append(line)
    return "\n".join(lines)


def numbers(text):
    return [row["number"] for row in tomllib.loads(text)["row"].values()]


@pytest.fixture
def kit(mini_root):
    files = {f"{KATA}/kata.toml": TOML, f"{KATA}/rows.toml": POOL, f"{KATA}/table.toml": "# TODO 1: fill in.\n\n"}
    files |= {f"{KATA}/README.md": "# Numbers\n\n## 1. Say what they are\n"}
    files |= {"tests/graders/01_keys/test_numbers.py": CHECKS}
    for name, text in files.items():
        (mini_root / name).parent.mkdir(parents=True, exist_ok=True)
        (mini_root / name).write_text(text, "utf-8")
    return mini_root


@pytest.fixture
def table(kit, kata, here):
    """The learner's table, as it was drawn."""
    (here / "my-katas").mkdir()
    (here / "my-katas" / "kata-progress.txt").write_text("kms-katas-progress 1\nseed 77\n")
    kata("init")
    return here / "my-katas" / "keys" / "numbers" / "table.toml"


@pytest.fixture
def verdict(kata):
    """`verdict(*words)`: what `kata check numbers` says, as data."""

    def check(*words):
        ran = kata("check", "numbers", "--format", "json", *words)
        (found,) = json.loads(ran.out)["katas"]
        return found

    return check


def message(found):
    return found["checks"][0]["message"]


def test_two_learners_get_different_rows_and_each_always_the_same(table, kata, here):
    other = here / "other"
    other.mkdir()
    (other / "kata-progress.txt").write_text("kms-katas-progress 1\nseed 78\n")
    kata("init", other)
    theirs = (other / "keys" / "numbers" / "table.toml").read_text()
    mine = table.read_text()
    assert numbers(mine) != numbers(theirs) and len(numbers(mine)) == len(numbers(theirs)) == 6
    table.unlink()
    kata("init")
    assert table.read_text() == mine


def test_a_table_just_drawn_is_not_started_and_one_filled_in_is(table, kata, verdict):
    assert verdict()["untouched"]
    assert "not started yet" in kata("check", "numbers").said
    assert "look for TODO 1: my-katas" in kata("check", "numbers").said
    table.write_text(filled(table.read_text(), lambda number: {"kind": "odd", "half": "1"}))
    assert not verdict()["untouched"]
    assert "You are at keys/numbers" in kata().said


def test_a_right_table_is_graded_alike_wherever_it_is_carried(table, kata, verdict, here, tmp_path):
    table.write_text(filled(table.read_text()))
    assert verdict()["status"] == "pass"
    carried = tmp_path / "carried" / "learner" / "keys" / "numbers"
    carried.mkdir(parents=True)
    shutil.copy(table, carried)
    assert verdict("--answers", carried.parents[1])["status"] == "pass"
    assert kata("grade", carried.parents[2], "--kata", "numbers").status == 0
    (here / "my-katas" / "kata-progress.txt").write_text("kms-katas-progress 1\nseed 4\n")
    assert verdict()["status"] == "pass"


def test_a_failure_tells_the_count_and_explains_one_row_the_same_for_the_same_answers(table, verdict):
    table.write_text(filled(table.read_text(), lambda number: halves(number) | {"half": "7"}))
    said = message(verdict())
    assert re.fullmatch(r"0 of 6 rows are right\. Row (\d) is not: (\d+) is not (even|odd) so\.", said)
    for _ in range(2 * TELLINGS):
        assert message(verdict()) == said


def test_the_reason_must_be_right_too(table, verdict):
    wrong = numbers(table.read_text())[2]
    table.write_text(
        filled(table.read_text(), lambda number: halves(number) | ({"half": "3"} if number == wrong else {}))
    )
    assert message(verdict()).startswith("5 of 6 rows are right. Row 3 is not: ")


def test_trying_answer_after_answer_leads_nowhere(table, verdict):
    """Who changes one answer at a time and watches what is said is told no more after a few, and the same each time."""
    drawn = table.read_text()
    tried = numbers(drawn)[0]
    said = []
    for half in range(TELLINGS + 6):
        own = lambda number, half=half: {"kind": "odd", "half": str(half)} if number == tried else halves(number)  # noqa: E731
        table.write_text(filled(drawn, own))
        said.append(message(verdict()))
    assert all("rows are right" in one for one in said[:TELLINGS])
    (last,) = set(said[TELLINGS:])
    assert "Not every row is right" in last and not re.search(r"\d", last)
    table.write_text(filled(drawn))
    assert verdict()["status"] == "pass"


def test_what_is_no_answer_costs_nothing(table, verdict):
    drawn = table.read_text()
    for half in range(TELLINGS + 2):
        table.write_text(filled(drawn, lambda number, half=half: {"kind": "perhaps", "half": str(half)}))
        assert 'kind = "perhaps" is none of even, odd' in message(verdict())
        table.write_text(filled(drawn, lambda number, half=half: {"kind": "odd", "half": f"x{half}"}))
        assert "a half is a number" in message(verdict())
        table.write_text(filled(drawn, lambda number, half=half: {"kind": "", "half": str(half)}))
        assert "6 of 6 rows are not filled in yet" in message(verdict())
    table.write_text(filled(drawn, lambda number: {"kind": "odd", "half": "0"}))
    assert "of 6 rows are right" in message(verdict())


def test_reset_draws_other_rows_of_which_the_count_is_told_anew(table, kata, verdict, here):
    drawn = table.read_text()
    for half in range(TELLINGS + 1):
        table.write_text(filled(drawn, lambda number, half=half: {"kind": "odd", "half": str(half)}))
        before = message(verdict())
    assert "Not every row" in before
    assert kata("reset", "numbers", "--yes").status == 0
    assert numbers(table.read_text()) != numbers(drawn)
    (backup,) = (here / "my-katas" / ".backups").iterdir()
    assert "odd" in (backup / "table.toml").read_text()
    table.write_text(filled(table.read_text(), lambda number: {"kind": "odd", "half": "0"}))
    assert "of 6 rows are right" in message(verdict())
    kata("reset", "numbers", "--yes")
    assert "drawn keys/numbers 2" in (here / "my-katas" / "kata-progress.txt").read_text()


def test_a_progress_file_without_a_seed_gets_one_when_rows_are_drawn_and_keeps_its_lines(kit, kata, here):
    progress = here / "my-katas" / "kata-progress.txt"
    progress.parent.mkdir()
    progress.write_text("kms-katas-progress 1\npassed keys/hello 2026-01-02\nmine\n")
    kata("init")
    lines = progress.read_text().splitlines()
    assert lines[:3] == ["kms-katas-progress 1", "passed keys/hello 2026-01-02", "mine"]
    assert re.fullmatch(r"seed \d+", lines[3]) and len(lines) == 4
    assert len(numbers((progress.parent / "keys" / "numbers" / "table.toml").read_text())) == 6


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda text: re.sub("table = .*", "", text), "has no rows"),
        (lambda text: re.sub("table = .*", "table = -1", text), "has no rows"),
        (lambda text: re.sub("table = .*", "table = 12", text), "is not as it was drawn for table 12"),
        (lambda text: re.sub('number = "', 'number = "9', text, count=1), "Row 1, or a text to be read for it, is not"),
        (lambda text: text.replace("rounded down", "rounded up"), "Row 1, or a text to be read for it, is not"),
        (lambda text: text.replace("[row.2]", "[row.22]"), "Row 2, or a text to be read for it, is not"),
        (lambda text: text.replace("[row.", "[rows."), "Row 1, or a text to be read for it, is not"),
        (lambda text: "row = 3\ntable = 1\n", "Row 1, or a text to be read for it, is not"),
        (lambda text: text.replace('kind = "odd"', "kind = true"), "is none of even, odd"),
        (lambda text: text.replace('kind = "odd"', "kind = [1]"), "is none of even, odd"),
    ],
)
def test_a_table_that_is_not_as_it_was_drawn_says_so(table, verdict, change, told):
    table.write_text(change(filled(table.read_text(), lambda number: {"kind": "odd", "half": "1"})))
    found = verdict()
    assert (found["status"], told in message(found)) == ("fail", True), message(found)
    assert found["checks"][0]["next_step"]


def test_answers_in_capitals_with_spaces_and_rows_in_any_order_count(table, verdict):
    text = filled(
        table.read_text(), lambda number: {name: f"  {said.upper()} " for name, said in halves(number).items()}
    )
    head, *rows = re.split(r"(?m)^(?=\[row\.)", text)
    table.write_text(head + "".join(reversed([row.rstrip("\n") + "\n" for row in rows])))
    assert verdict()["status"] == "pass"


def test_broken_toml_has_its_place_and_no_more(table, kata):
    table.write_text(filled(table.read_text()).replace('kind = "', "kind = ", 1))
    ran = kata("check", "numbers")
    assert ran.status == 1 and "Traceback" not in ran.said
    assert re.search(r"table\.toml, line \d+, column \d+: it is not valid TOML", ran.said)


def test_the_whole_table_shows_after_the_pass_and_in_every_format_that_can(table, kata, here):
    wrong = filled(table.read_text(), lambda number: {"kind": "odd", "half": "1"})
    right, drawn = filled(table.read_text()), numbers(table.read_text())
    shown = [f"{number} is {halves(number)['kind']}" for number in drawn]
    formats = ("text", "json", "junit", "gradescope", "html")
    for text, counts in ((wrong, 0), (right, len(shown))):
        table.write_text(text)
        for format in formats:
            said = " ".join(kata("check", "numbers", "--format", format).out.split())
            assert sum(one in said for one in shown) == counts, (format, said)


def test_nothing_shows_while_another_check_does_not_pass(table, kit, kata):
    (kit / "tests/graders/01_keys/test_numbers.py").write_text(TWO_CHECKS, "utf-8")
    table.write_text(filled(table.read_text()))
    ran = kata("check", "numbers", "--format", "json")
    assert [check["status"] for check in json.loads(ran.out)["katas"][0]["checks"]] == ["pass", "fail"]
    assert "┃" not in ran.out and "\\u2503" not in ran.out


def test_a_line_of_a_drawing_goes_on_behind_its_bar(table, kata, monkeypatch):
    from rich.console import Console

    from kms_katas.kit.verdict import BAR
    from kms_katas.reports.text import _Drawn

    wide = "x" * 100
    console = Console(width=40)
    with console.capture() as captured:
        console.print(_Drawn(f"A sentence.\n{BAR}{wide}\n{BAR}"))
    lines = captured.get().splitlines()
    assert lines[0].strip() == "A sentence." and all(line.startswith("┃") for line in lines[1:])
    assert "".join(line.removeprefix(BAR).strip() for line in lines[1:]) == wide


def test_try_opens_without_policies_to_put_in_force(table, kata, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    typed = iter(["key_id.split(':')[2]", "exit()"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    ran = kata("try", "numbers")
    assert "'kms'" in ran.out and "In force" not in ran.said and "Traceback" not in ran.said


def test_solutions_and_the_pristine_starter_are_graded_without_a_workspace(kit, kata, here):
    from kms_katas.kit.table import read_pool, written

    solution = kit / SOLUTION / "table.toml"
    solution.parent.mkdir(parents=True)
    solution.write_text(filled(written(read_pool(POOL.encode(), "rows.toml"), 1)))
    assert kata("check", "numbers", "--answers", "solutions").status == 0
    ran = kata("check", "numbers", "--answers", "katas", "--format", "json")
    (verdict,) = json.loads(ran.out)["katas"]
    assert (verdict["status"], verdict["untouched"]) == ("fail", True)


def test_a_trier_with_a_plan_does_not_get_through(table, verdict):
    """Row by row, keeping what raised the count: the table is far from solved when the count is told no more."""
    drawn = table.read_text()
    rows = numbers(drawn)
    kinds = dict.fromkeys(rows, "odd")
    best = -1
    for row, kind in itertools.product(rows, ("odd", "even")):
        guess = kinds | {row: kind}
        table.write_text(filled(drawn, lambda number, guess=guess: halves(number) | {"kind": guess[number]}))
        found = verdict()
        assert found["status"] == "fail"
        if told := re.match(r"(\d) of 6", message(found)):
            best, kinds = max((best, kinds), (int(told[1]), guess), key=lambda one: one[0])
    assert best < len(rows)
