"""The quiz at the end of a note: which questions it has, and that nothing tells the answer before it is opened."""

import random
import re
import secrets
from datetime import date
from html import unescape
from pathlib import Path

import markdown
import pytest
from make.quiz import MOST, asked_in, in_html, quiz_of, quiz_parts
from make.writing import PART_MARK, Page, write_pages

from kms_katas.kit.questions import Option, Question

ROOT = Path(__file__).parents[2]


def question(*notes, right=1, **fields):
    known = secrets.token_hex(6)
    options = tuple(Option(secrets.token_hex(), secrets.token_hex(), number < right) for number in range(4))
    usual = {
        "id": f"rotation/{known}",
        "topic": "rotation",
        "scenario": f"It is {known}. Is it?",
        "difficulty": random.choice([1, 2, 3]),
        "exams": ("scs-c03",),
        "tasks": (),
        "traps": (),
        "claims": (),
        "notes": notes,
        "sources": ("The guide",),
        "confirmed": date(2026, 11, 21),
        "options": options,
    }
    return Question(**usual | fields)


@pytest.fixture
def docs(tmp_path):
    """A folder of two notes, one of them made from data."""
    (tmp_path / "learn" / "keys").mkdir(parents=True)
    (tmp_path / "learn" / "keys" / "a.md").write_text('# A\n\n--8<-- "quiz/keys/a.md"\n', "utf-8")
    write_pages(tmp_path, [Page("learn/paths/made.md", "# Made")])
    return tmp_path


def part(docs, *questions):
    (found,) = quiz_parts(docs, questions)
    assert found.place == quiz_of("learn/keys/a.md") == "quiz/keys/a.md"
    return found.whole


def test_a_note_asks_what_leads_to_it_from_easy_to_hard_and_not_too_much():
    here = [question("learn/keys/a.md#x") for _ in range(MOST + 2)]
    later = [question("learn/keys/b.md", "learn/keys/a.md") for _ in range(3)]
    elsewhere = [question("learn/keys/b.md"), question("learn/keys/a.mdx")]
    found = asked_in("learn/keys/a.md", [*later, *here, *elsewhere])
    assert len(found) == MOST and set(found) <= set(here)
    assert [one.difficulty for one in found] == sorted(one.difficulty for one in found)
    assert set(asked_in("learn/keys/a.md", [*later, here[0], *elsewhere])) == {*later, here[0]}


def test_the_answers_are_folded_and_kept_from_the_search(docs):
    one = question("learn/keys/a.md", right=random.choice([1, 2]))
    before, _, folded = part(docs, one).partition('<details class="answer" data-search-exclude>')
    assert "open" not in folded.partition(">")[0] and "data-right" not in before
    for option in one.options:
        assert option.text in before and option.why not in before
        assert f"{option.text}<br>{option.why}</li>" in folded
    assert folded.count("<li data-right>") == len(one.right)
    assert re.search(r"^## .* \{ data-search-exclude \}$", before, re.MULTILINE)


def test_options_stand_in_the_same_new_order_each_time(docs):
    questions = [question("learn/keys/a.md") for _ in range(MOST)]
    text = part(docs, *questions)
    assert part(docs, *questions) == text
    shown = [sorted(one.options, key=lambda option: text.index(option.text)) for one in questions]
    assert shown != [list(one.options) for one in questions]  # by chance once in 24 ** MOST


def test_a_note_that_no_question_leads_to_takes_in_nothing(docs):
    assert part(docs, question("learn/keys/b.md")) == PART_MARK


def test_a_note_takes_its_quiz_in(docs, tmp_path):
    one = question("learn/keys/a.md", scenario='With `{"Effect": "Deny"}` & <b>? Is *it*?')
    write_pages(tmp_path / "made", quiz_parts(docs, [one]))
    snippets = {"pymdownx.snippets": {"base_path": [str(tmp_path / "made")], "check_paths": True}}
    extensions = ["attr_list", "md_in_html", "toc", "pymdownx.snippets"]
    text = (docs / "learn" / "keys" / "a.md").read_text("utf-8")
    html = markdown.markdown(text, extensions=extensions, extension_configs=snippets)
    assert 'With <code>{"Effect": "Deny"}</code> &amp; &lt;b&gt;? Is *it*?</p>' in html
    assert html.count("<details") == html.count("</details>") == 1
    assert html.count("<div") == html.count("</div>") == 2


def test_text_in_html_is_read_as_it_was_written():
    text = 'a < b & `c > d` is\nnot *e* "f"'
    assert unescape(re.sub("<[^>]+>", "", in_html(text))) == 'a < b & c > d is not *e* "f"'
    assert "<code>c &gt; d</code>" in in_html(text)


def test_parts_that_are_made_no_more_are_removed(docs, tmp_path):
    folder = tmp_path / "made"
    write_pages(folder, quiz_parts(docs, [question("learn/keys/a.md")]))
    assert write_pages(folder, []) == (0, 1)
    assert not list(folder.rglob("*.md"))


def test_the_script_is_small_and_loaded_once():
    assert (ROOT / "docs/assets/quiz.js").stat().st_size < 5000
    assert (ROOT / "mkdocs.yml").read_text("utf-8").count("assets/quiz.js") == 1
