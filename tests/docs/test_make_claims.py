"""The pages of claims: each claim whole and with an anchor, and the tests that show it as they are written."""

import random
import re
import secrets
import textwrap
from datetime import date

import pytest
from make.claims import claim_pages
from make.katas import kata_pages
from make.shown import shown_tests

from kms_katas.kit import find_kit
from kms_katas.kit.claims import TOPICS, VERDICTS, Claim, Source, Text

KIT = find_kit()


def claim(claim_id, **fields):
    drawn = {
        "section": "",
        "says": f"It says {secrets.token_hex(4)}.",
        "verdict": random.choice(VERDICTS),
        "truth": f"So is {secrets.token_hex(4)}, and `kms:{secrets.token_hex(4)}`.",
        "since": str(random.randint(2014, 2026)),
        "confirmed": date(2026, random.randint(1, 12), random.randint(1, 28)),
        "sources": (
            Source(f"Guide {secrets.token_hex(4)}"),
            Source(f"Page {secrets.token_hex(4)}", "https://example.org/a"),
        ),
        "doubt": f"Whether {secrets.token_hex(4)}.",
        "topics": tuple(random.sample(TOPICS, 2)),
        "exams": ("saa-c03",),
        "katas": (random.choice(KIT.katas).id,),
        "demonstrable": True,
    }
    return Claim(claim_id, **drawn | fields)


def ledger(*claims, name="Some text"):
    return Text(name, "blog", "about 2021", claims)


def pages(texts, tests=()):
    return {page.place: page.text for page in claim_pages(texts, tests, KIT)}


@pytest.fixture
def tests(tmp_path):
    """The tests of claims in a file of this source."""

    def read(source, name="test_claims_a_key_policies.py"):
        (tmp_path / name).write_text(textwrap.dedent(source), "utf-8")
        return shown_tests(tmp_path)

    return read


SOURCE = '''
    """What this file is for."""

    import pytest

    LIMIT = 4096


    @pytest.fixture
    def key(lab):
        return lab.key()


    @pytest.mark.claim("A1", "A7")
    @pytest.mark.parametrize("size", [1, 2])
    def test_a_limit_holds(key, size):
        """A limit holds.

        More of it.
        """
        # A comment stays.
        assert size < LIMIT


    def test_of_nothing():
        assert LIMIT


    @pytest.mark.claim("B2")
    def test_of_another_text(key):
        assert key
    '''


def test_a_claim_is_whole_on_the_page():
    one = claim("A10")
    text = pages([ledger(one)])["claims/index.md"]
    (kata,) = [kata for kata in KIT.katas if kata.id in one.katas]
    shown = [one.says, one.truth, one.doubt, one.since, one.confirmed.isoformat(), one.sources[0].name, "SAA-C03"]
    shown += [
        f"[{one.sources[1].name}](https://example.org/a)",
        f"](../katas/{kata.id}.md)",
        "{ #a10 data-toc-label='A10' }",
    ]
    shown += [f"verdict--{one.verdict}", f"</span> {one.verdict}</span>"]
    assert [part for part in shown if part not in text] == []


def test_what_a_claim_lacks_leaves_no_empty_words():
    text = pages([ledger(claim("A1", since="", doubt="", katas=(), exams=(), sources=()))])["claims/index.md"]
    assert not [word for word in ("since", "Not confirmed", "Try it", " in: ") if word in text.partition("### A1")[2]]


def test_the_counts_of_verdicts_are_those_of_the_ledger():
    claims = [claim(f"A{number}") for number in range(1, 30)]
    text = pages([ledger(*claims[:10]), ledger(*[claim(f"B{n}", verdict="wrong") for n in range(1, 4)])])[
        "claims/index.md"
    ]
    wrong = sum(one.verdict == "wrong" for one in claims[:10]) + 3
    assert re.search(rf"verdict--wrong.*wrong</span> \| {wrong} \|", text)


def test_there_is_a_choice_for_each_text_and_verdict_and_for_topics_that_occur():
    claims = [claim("A1", topics=("rotation",)), claim("A2", topics=("prices", "rotation"))]
    text = pages([ledger(*claims, name='Why "use" <it>?')])["claims/index.md"]
    assert '<option value="a">Why &quot;use&quot; &lt;it&gt;?</option>' in text
    assert set(re.findall(r'<option value="([a-z-]+)">', text)) == {"a", "rotation", "prices", *VERDICTS}


def test_no_ledger_no_pages():
    assert pages([]) == {}


def test_a_test_is_shown_without_its_mark_and_its_sentence(tests):
    first, second = tests(SOURCE)
    assert (first.sentence, first.claims) == ("A limit holds.", ("A1", "A7"))
    assert first.source == textwrap.dedent("""\
        @pytest.mark.parametrize("size", [1, 2])
        def test_a_limit_holds(key, size):
            # A comment stays.
            assert size < LIMIT""")
    assert (second.sentence, second.claims) == ("of another text", ("B2",))


def test_what_the_tests_of_a_file_share_is_shown_once(tests):
    first, second = tests(SOURCE)
    assert first.shared == second.shared
    assert (
        "LIMIT = 4096\n\n\n@pytest.fixture\ndef key(lab):\n    return lab.key()\n\n\ndef test_of_nothing"
        in first.shared
    )
    assert "test_a_limit_holds" not in first.shared and "What this file is for" not in first.shared
    page = pages([ledger(claim("A1"), claim("A7"))], [first])["claims/shown-a.md"]
    assert page.count("LIMIT = 4096") == 1


def test_a_claim_leads_to_its_tests_and_they_to_it(tests):
    shown = tests(SOURCE)
    made = pages([ledger(claim("A1"), claim("A7"), claim("A8")), ledger(claim("B2"))], shown)
    assert set(made) == {"claims/index.md", "claims/shown-a.md", "claims/shown-b.md"}
    index = made["claims/index.md"]
    assert index.count("[shown by code](shown-a.md#a-limit-holds)") == 2  # A1 and A7
    assert index.count("[shown by code](shown-b.md#of-another-text)") == 1
    assert "{ #a-limit-holds data-toc-label='A1, A7' }" in made["claims/shown-a.md"]
    assert "[A1](index.md#a1)" in made["claims/shown-a.md"] and "[B2](index.md#b2)" in made["claims/shown-b.md"]
    assert "3 of them are shown by code" in index


def test_a_text_of_two_files_in_the_ledger_has_two_pages_of_tests(tmp_path):
    for part, number in (("c", 5), ("c2", 40)):
        test = f'@pytest.mark.claim("C{number}")\ndef test_number_{number}():\n    """Holds."""\n    assert True\n'
        (tmp_path / f"test_claims_{part}_keys.py").write_text(test, "utf-8")
    made = pages([ledger(claim("C5"), claim("C40"))], shown_tests(tmp_path))
    assert set(made) == {"claims/index.md", "claims/shown-c.md", "claims/shown-c2.md"}
    assert "C40 to C40" in made["claims/shown-c2.md"] and "#c5" not in made["claims/shown-c2.md"]
    assert "(shown-c.md#number-5)" in made["claims/index.md"] and "(shown-c2.md#number-40)" in made["claims/index.md"]


def test_no_two_tests_of_a_text_have_the_same_place_on_its_page():
    places = [(test.text, test.anchor) for test in shown_tests(KIT.root / "tests" / "claims")]
    assert sorted(set(places)) == sorted(places)


def test_a_kata_names_the_claims_that_it_lets_one_try():
    kata = random.choice(KIT.katas)
    one, other = claim("A1", katas=(kata.id,)), claim("A2", katas=())
    (page,) = [page.text for page in kata_pages(KIT, [ledger(one, other)]) if page.place == f"katas/{kata.id}.md"]
    assert "[A1](../../claims/index.md#a1) " in page and one.says in page
    assert other.says not in page
