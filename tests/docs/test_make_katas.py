"""A kata's page has its brief, its facts and its hints, and nothing of its answers."""

import posixpath
import re
import secrets

import pytest
from make.katas import kata_pages, page_of

from kms_katas.kit import find_kit

KIT = find_kit()
PAGES = {page.place: page.text for page in kata_pages(KIT, ())}
HINT = r'<details class="hint"[^>]*data-search-exclude>\n<summary>.*?</summary>\n\n(.*?)\n\n</details>'


def links(place, text):
    """Where the links of a page lead to, below docs/."""
    folder = posixpath.dirname(place)
    return {posixpath.normpath(posixpath.join(folder, to)) for to in re.findall(r"\]\(([^)#]+)", text)}


def mini_page(kit):
    (text,) = [page.text for page in kata_pages(kit, ()) if page.place == "katas/keys/mini.md"]
    return text


@pytest.fixture
def brief(mini_root):
    """Writes the brief of the mini kit's kata."""
    (path,) = mini_root.glob("katas/*/*/README.md")
    return lambda text: path.write_text(f"# Mini\n\n{text}\n", "utf-8")


@pytest.mark.parametrize("kata", KIT.katas, ids=lambda kata: kata.id)
def test_every_hint_is_folded_and_in_order(kata):
    hints = [hint for task in kata.tasks for hint in task.hints]
    assert re.findall(HINT, PAGES[page_of(kata)], re.DOTALL) == hints


@pytest.mark.parametrize("kata", KIT.katas, ids=lambda kata: kata.id)
def test_a_page_leads_to_its_note_and_what_it_comes_after_and_says_how_to_start(kata):
    text = PAGES[page_of(kata)]
    wanted = {f"katas/{other}.md" for other in kata.prerequisites} | {f"learn/{kata.id}.md"}
    assert wanted <= links(page_of(kata), text)
    assert f"kata check {kata.id}\n" in text


def test_a_page_of_docs_that_a_brief_names_is_a_link_with_its_title(mini_kit, brief):
    title = secrets.token_hex(4)
    note = mini_kit.root / "docs" / "learn" / "some" / "note.md"
    note.parent.mkdir(parents=True)
    note.write_text(f"# {title}\n", "utf-8")
    brief("See `docs/learn/some/note.md`, [this](../../../docs/learn/some/note.md#a) and `docs/learn/none.md`.")
    note_link = f"[{title}](../../learn/some/note.md)"
    assert f"See {note_link}, [this](../../learn/some/note.md#a) and `docs/learn/none.md`." in mini_page(mini_kit)


def test_a_brief_that_names_another_kata_links_to_it(mini_kit, brief, mini_root):
    (folder,) = mini_root.glob("katas/*/*-mini")
    other = folder.with_name("02-other")
    other.mkdir()
    for file in folder.iterdir():
        (other / file.name).write_text(file.read_text("utf-8").replace("keys/mini", "keys/other"), "utf-8")
    brief("After `keys/other`, not `keys/mini` and not `no/kata`.")
    assert "After [`keys/other`](other.md), not `keys/mini` and not `no/kata`." in mini_page(mini_kit)


def test_the_list_has_every_kata_once():
    index = PAGES["katas/index.md"]
    for kata in KIT.katas:
        assert index.count(f"]({page_of(kata).removeprefix('katas/')})") == 1
        assert index.count(f"<br>`{kata.id}` |") == 1
