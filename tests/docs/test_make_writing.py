"""Pages that are made from data: what is written, what is removed, and what is left alone."""

import re
import secrets
from html import unescape

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make.writing import Blocked, Page, link, made_places, plain, write_pages


def read(text):
    """What a reader sees of a line of Markdown."""
    html = markdown.markdown(text, extensions=["attr_list", "footnotes", "tables", "md_in_html"])
    return unescape(re.sub("<[^>]+>", "", html))


WORDS = st.text(st.characters(codec="ascii", min_codepoint=33, exclude_characters="`*"), min_size=1, max_size=12)


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_plain_text_is_read_as_it_was_written(words):
    text = " ".join(words)
    assert read(f"Text: {plain(text)} end") == f"Text: {text} end"


@given(WORDS.filter(lambda word: "\\" not in word), WORDS)
def test_code_in_plain_text_stays_code(code, word):
    assert read(f"Text: {plain(f'{word} `{code}` {word}')} end") == f"Text: {word} {code} {word} end"


def test_stress_in_plain_text_stays_and_stars_that_are_none_too():
    word, other = secrets.token_hex(4), secrets.token_hex(4)
    text = f"Not *{word}* but *{word} and {other}*, kms:* or s3:Get* and 2 * 2 * 2 or **"
    assert plain(text).count("\\*") == 6
    assert read(plain(text)) == text.replace(f"*{word}*", word).replace(f"*{word} and {other}*", f"{word} and {other}")


def test_a_link_leads_from_page_to_page():
    assert (
        link("here", "learn/keys/hello.md#a-part", "katas/keys/hello.md") == "[here](../../learn/keys/hello.md#a-part)"
    )
    assert link("here", "katas/index.md", "katas/index.md") == "[here](index.md)"


def test_only_what_changed_is_written(tmp_path):
    pages = [Page(f"{secrets.token_hex(4)}/{number}.md", secrets.token_hex()) for number in range(4)]
    assert write_pages(tmp_path, pages) == (4, 0)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.md")}
    pages[2] = Page(pages[2].place, secrets.token_hex())
    assert write_pages(tmp_path, pages) == (1, 0)
    assert [path for path in before if path.stat().st_mtime_ns != before[path]] == [tmp_path / pages[2].place]


def test_pages_without_a_source_are_removed_and_those_by_hand_stay(tmp_path):
    by_hand = tmp_path / "katas" / "by-hand.md"
    write_pages(tmp_path, [Page("katas/a.md", "a"), Page("katas/gone/b.md", "b")])
    by_hand.write_text(secrets.token_hex())
    assert write_pages(tmp_path, [Page("katas/a.md", "a")]) == (0, 1)
    assert made_places(tmp_path) == {"katas/a.md"}
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "katas", tmp_path / "katas" / "a.md", by_hand]


def test_a_page_by_hand_is_never_written_over(tmp_path):
    by_hand, text = tmp_path / "a.md", secrets.token_hex()
    by_hand.write_text(text)
    with pytest.raises(Blocked, match=re.escape(str(by_hand))):
        write_pages(tmp_path, [Page("a.md", "made"), Page("b.md", "made")])
    assert by_hand.read_text() == text
    assert not (tmp_path / "b.md").exists()
