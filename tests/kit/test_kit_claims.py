"""The ledger's loader: what a file may say, a sentence for everything else, and the texts that the files make."""

import random
from datetime import date
from pathlib import Path

import pytest

from kms_katas.kit import KitError
from kms_katas.kit.claims import SCHEMA, TOPICS, VERDICTS, Figure, Source, load_claims

EXAMS = ("clf-c02", "scs-c03")
HEAD = f'schema = "{SCHEMA}"\n[text]\nname = "Keys"\nkind = "blog"\npublished = "undated"\n'
CLAIM = """[[claim]]
id = "A1"
section = ""
says = "It is so."
verdict = "true"
truth = "So it is."
since = ""
confirmed = 2026-11-21
sources = ["The guide"]
doubt = ""
topics = ["rotation"]
exams = []
katas = []
demonstrable = true
figures = []
"""


def with_line(name, value, claim=CLAIM):
    return "".join(
        f"{name} = {value}\n" if line.startswith(f"{name} =") else line for line in claim.splitlines(keepends=True)
    )


def claim(known, **fields):
    text = with_line("id", f'"{known}"')
    for name, value in fields.items():
        text = with_line(name, value, text)
    return text


@pytest.fixture
def ledger(tmp_path):
    """Writes files into a folder and gives it."""

    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(text, "utf-8")
        return tmp_path

    return write


def refused(folder, katas=None):
    with pytest.raises(KitError) as error:
        load_claims(folder, katas, EXAMS)
    return str(error.value).splitlines()


def test_a_claim_is_read_whole(ledger):
    verdict, topic, exam = random.choice(VERDICTS), random.choice(TOPICS), random.choice(EXAMS)
    days = random.randrange(1, 10**6)
    text = claim(
        "Q7",
        section='"Keys"',
        verdict=f'"{verdict}"',
        since='"2024-04"',
        sources='["The guide", {name = "The page", url = "https://docs.example/x"}]',
        doubt='"Nobody saw it."',
        topics=f'["{topic}"]',
        exams=f'["{exam}"]',
        katas='["keys/mini"]',
        demonstrable="false",
        figures=f'[{{shape = "Days", bound = "max", value = {days}}}, {{operation = "Turn", says = "at most {days}"}}]',
    )
    (found,) = load_claims(ledger(q=HEAD + text), {"keys/mini"})
    (one,) = found.claims
    assert (found.name, found.kind, found.published, found.letter) == ("Keys", "blog", "undated", "Q")
    assert (one.id, one.number, one.section, one.verdict, one.since) == ("Q7", 7, "Keys", verdict, "2024-04")
    assert (one.says, one.truth, one.doubt) == ("It is so.", "So it is.", "Nobody saw it.")
    assert one.confirmed == date(2026, 11, 21) and one.demonstrable is False
    assert one.sources == (Source("The guide"), Source("The page", "https://docs.example/x"))
    assert (one.topics, one.exams, one.katas) == ((topic,), (exam,), ("keys/mini",))
    assert one.figures == (
        Figure(shape="Days", bound="max", value=days),
        Figure(operation="Turn", says=f"at most {days}"),
    )


def test_files_of_one_text_are_joined_and_claims_and_texts_come_in_order(ledger):
    other = HEAD.replace("Keys", "Older keys")
    folder = ledger(
        a=other + claim("C2"), b=HEAD + claim("A10") + claim("A9"), c=HEAD + claim("A1"), d=other + claim("C1")
    )
    assert [[one.id for one in text.claims] for text in load_claims(folder)] == [["A1", "A9", "A10"], ["C1", "C2"]]


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("id", '"A01"', "A10"),
        ("id", "7", "`id`"),
        ("says", '""', "`says`"),
        ("says", '"""a\nb"""', "`says` must be one line"),
        ("truth", '" "', "`truth`"),
        ("section", "1", "`section` must be one line of text, or empty"),
        ("verdict", '"false"', "Take one of true, nuance"),
        ("since", '"May 2022"', "`since`"),
        ("since", "2024-04-12", "`since`"),
        ("confirmed", '"2026-11-21"', "not in quotes"),
        ("confirmed", "2026-11-21T00:00:00Z", "`confirmed` must be a day"),
        ("sources", '"The guide"', "`sources`"),
        ("sources", "[]", "`sources` must name"),
        ("sources", '["the guide [ROT]"]', "mark in brackets"),
        ("sources", '[{name = "The guide"}]', "{ name, url }"),
        ("sources", '[{name = "The guide", url = "http://docs.example"}]', "https://"),
        ("topics", "[]", "`topics` must name one or more of vocabulary"),
        ("topics", '["money"]', "'money' is none of the topics"),
        ("topics", '["rotation", "rotation"]', "twice"),
        ("exams", '["SCS-C03"]', "'SCS-C03' is none of the exams"),
        ("exams", "[3]", "`exams` must be a list of texts"),
        ("katas", '["keys/maxi"]', "`kata list`"),
        ("katas", '"keys/mini"', "`katas` must be a list"),
        ("demonstrable", '"yes"', "true or false"),
        ("figures", "7", "`figures`"),
        ("figures", '[{shape = "Days", bound = "most", value = 1}]', "min or max"),
        ("figures", '[{shape = "Days", bound = "min", value = true}]', "whole number"),
        ("figures", '[{shape = "Days", operation = "Turn", says = "1"}]', "{ operation, says }"),
        ("demonstrable", 'true\nremark = "x"', "`remark` is nothing"),
    ],
)
def test_a_wrong_entry_is_told_with_the_file_and_the_claim(ledger, name, value, told):
    folder = ledger(a=HEAD + claim("A7", **{name: value}))
    (line,) = refused(folder, {"keys/mini"})
    known = {'"A01"': "A01", "7": "claim 1"}.get(value, "A7") if name == "id" else "A7"
    assert told in line and line.startswith(f"{folder / 'a.toml'}: {known}: ")


@pytest.mark.parametrize(
    "text, told",
    [
        ("schema = [\n", "cannot be read"),
        ('schema = "urn:other:1"\n', SCHEMA),
        (HEAD, "[[claim]]"),
        (HEAD.replace("blog", "") + CLAIM, "[text] must have"),
        (HEAD + 'url = "x"\n' + CLAIM, "[text] must have"),
        (HEAD + "[more]\n" + CLAIM, "`more`"),
        (HEAD + CLAIM.replace('doubt = ""\n', "").replace("exams = []\n", ""), "`doubt`, `exams` are missing"),
    ],
)
def test_a_file_of_another_shape_is_told(ledger, text, told):
    folder = ledger(a=text)
    (line,) = refused(folder)
    assert told in line and line.startswith(f"{folder / 'a.toml'}: ")


def test_all_faults_of_all_files_are_told_at_once(ledger):
    folder = ledger(a=HEAD + claim("A1", verdict='"no"', exams='["x"]') + claim("A2", says="1"), b="schema = 1")
    assert len(refused(folder)) == 4


def test_an_id_is_there_once_in_all_files(ledger):
    (line,) = refused(ledger(a=HEAD + claim("A1"), b=HEAD + claim("A1")))
    assert "b.toml: A1 is in a.toml already" in line


def test_files_of_one_text_agree_on_it(ledger):
    (line,) = refused(ledger(a=HEAD + claim("A1"), b=HEAD.replace("undated", "2021") + claim("A2")))
    assert "b.toml: `published`" in line and "'undated'" in line


def test_each_text_has_a_letter_of_its_own(ledger):
    (line,) = refused(ledger(a=HEAD + claim("A1"), b=HEAD.replace("Keys", "Older keys") + claim("A2")))
    assert "b.toml: A2 begins like the claims of 'Keys'" in line
    (line,) = refused(ledger(a=HEAD + claim("A1"), b=HEAD + claim("B2")))
    assert "A and B" in line


def test_an_opinion_needs_no_source_and_katas_are_free_where_no_kit_is_given(ledger):
    folder = ledger(a=HEAD + claim("A1", verdict='"opinion"', sources="[]", katas='["no/such"]'))
    assert load_claims(folder)[0].claims[0].katas == ("no/such",)


def test_a_folder_without_a_ledger_is_told(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        (line,) = refused(folder)
        assert line.startswith(str(Path(folder)))
