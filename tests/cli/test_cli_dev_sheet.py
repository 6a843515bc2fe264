"""The facilitator's sheet: all that authors wrote of a kata's mistakes, for who leads a workshop and nobody else."""

import secrets
from html.parser import HTMLParser

import pytest

from kms_katas.grading.content_layout import rejected_answers
from kms_katas.grading.content_sheet import sheet_of
from kms_katas.kit import find_kit
from kms_katas.reports.sheet import as_html, as_markdown

from .test_cli_paths import paths  # noqa: F401  (a fixture)

TOML = "katas/01-keys/01-mini/kata.toml"
ANSWERS = "solutions/01-keys/01-mini/answers.toml"


def replace(file, old, new):
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def question(mini_root):
    """The mini kata's question for the debrief."""
    words = f"And {secrets.token_hex(4)}?"
    replace(mini_root / TOML, "browser = true", f'browser = true\ndebrief = "{words}"')
    return words


def test_it_has_hints_in_order_each_mistake_below_the_checks_sentence_and_the_question(kata, mini_root, question):
    mistake = f"Writes {secrets.token_hex(4)}."
    replace(mini_root / ANSWERS, '[rejected.nothing]\ncheck = "test_comes_back"\nmistake = "It is."',
            f'[rejected.nothing]\ncheck = "test_kms_did_it"\nmistake = "{mistake}"')  # fmt: skip
    ran = kata("dev", "sheet", "mini")
    assert ran.status == 0
    parts = ["Vague.", "Direct.", "The secret comes back.", "It is.", "KMS did the work.", mistake, question]
    places = [ran.said.index(part) for part in parts]
    assert places == sorted(places)


def test_of_a_path_it_has_all_katas_in_its_order(paths, kata):  # noqa: F811
    said = kata("dev", "sheet", "--path", "short").said
    places = [said.index(f"## {name}") for name in ("keys/last", "keys/mini", "keys/first")]
    assert places == sorted(places)
    assert "keys/other" not in said


def test_the_page_for_browsers_takes_nothing_for_markup(kata, mini_root, question, here):
    replace(mini_root / ANSWERS, '"It is."', '"Writes <script>alert(1)</script> & `<b>`."')
    assert kata("dev", "sheet", "mini", "--format", "html", "--output", here / "sheet.html").status == 0
    page = (here / "sheet.html").read_text("utf-8")
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append(tag)
    parser.feed(page)
    assert "script" not in tags and "b" not in tags
    assert "code" in tags


def test_no_learner_is_shown_the_question(kata, answer, question):
    from .conftest import RIGHT

    answer.write_text(RIGHT)
    for words in (
        ["check"],
        ["brief", "mini"],
        ["list", "--format", "json"],
        ["hint", "mini"],
        ["solution", "mini"],
        [],
    ):
        assert question not in kata(*words).said
    assert not [path for path in answer.parents[2].rglob("*") if path.is_file() and question in path.read_text("utf-8")]


@pytest.mark.parametrize("place", ["katas/01-keys", "docs/learn", "docs"])
def test_it_is_not_written_into_the_kits_pages(kata, mini_root, place):
    (mini_root / place).mkdir(parents=True, exist_ok=True)
    ran = kata("dev", "sheet", "mini", "--output", mini_root / place / "sheet.md")
    assert ran.status == 2
    assert "where learners read" in ran.said
    assert not (mini_root / place / "sheet.md").exists()


def test_it_is_not_written_into_a_workspace_but_beside_one(kata, answer, here):
    assert kata("dev", "sheet", "mini", "--output", answer.parent / "sheet.md").status == 2
    assert kata("dev", "sheet", "mini", "--output", here / "sheet.md").status == 0


@pytest.mark.parametrize("words", [[], ["mini", "--path", "short"]])
def test_it_asks_for_a_kata_or_a_path(kata, words):
    ran = kata("dev", "sheet", *words)
    assert ran.status == 2
    assert "--path" in ran.said


def test_a_mistake_of_a_check_that_is_not_there_is_told(kata, mini_root):
    replace(mini_root / ANSWERS, "test_comes_back", "test_gone")
    ran = kata("dev", "sheet", "mini")
    assert ran.status == 3
    assert "test_gone" in ran.said


@pytest.mark.parametrize("layout", [as_markdown, as_html], ids=["md", "html"])
def test_each_mistake_of_each_kata_of_this_kit_is_on_its_sheet(layout):
    kit = find_kit()
    for each in kit.katas:
        sheet = sheet_of(kit, each)
        told = [mistake for slip in sheet.slips for mistake in slip.mistakes]
        assert sorted(told) == sorted(mistake for _, mistake in rejected_answers(kit, each).values())
        page = layout([sheet])
        hints = sum(len(task.hints) for task in each.tasks) if layout is as_html else 0
        assert page.count("<li>" if layout is as_html else "\n- ") == len(told) + hints
