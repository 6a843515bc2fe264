"""The ledger's pages: all claims on one to filter, and for each text, or half of one, the tests that show its claims.

Not for what a text says under which heading, nor for what is in the ledger: that is docs/claims/*.toml.
"""

from collections.abc import Iterator, Sequence
from html import escape

from kms_katas.kit.catalog import Kit
from kms_katas.kit.claims import TOPICS, Claim, Source, Text
from make.katas import page_of
from make.shown import Shown
from make.verdicts import VERDICTS, verdict_mark
from make.writing import Page, heading, link, plain, table

INDEX = "claims/index.md"


def claim_pages(texts: Sequence[Text], tests: Sequence[Shown], kit: Kit) -> Iterator[Page]:
    if not texts:
        return
    yield Page(INDEX, _index(texts, tests, kit), wide=True)
    for text in texts:
        of_text = [test for test in tests if test.text == text.letter]
        for part in dict.fromkeys(test.part for test in of_text):
            found = [test for test in of_text if test.part == part]
            yield Page(shown_page(part), _shown(text, found), wide=True, found=False)


def shown_page(part: str) -> str:
    """The page with the tests of a text, or of a part of one that is too long for a single page."""
    return f"claims/shown-{part}.md"


def _index(texts: Sequence[Text], tests: Sequence[Shown], kit: Kit) -> str:
    claims = [claim for text in texts for claim in text.claims]
    counts = (
        [verdict_mark(verdict), str(sum(claim.verdict == verdict for claim in claims)), meaning]
        for verdict, (_, meaning) in VERDICTS.items()
    )
    ran = sum(any(claim.id in test.claims for test in tests) for claim in claims)
    parts = [
        "# Claims about KMS",
        f"{len(claims)} sentences of {len(texts)} published texts about AWS KMS, in our words, and what is so today. "
        f"{ran} of them are shown by code: a test does what the claim says, in the lab, and we keep it running.",
        table(("verdict", "claims", "what it means"), counts),
        _filter(texts, claims),
    ]
    for text in texts:
        letter = text.letter.lower()
        parts.append(f'<div data-claims-of="{letter}" markdown="1">')
        parts.append(f"## {plain(text.name)} {{ #text-{letter} }}")
        parts += [f"{text.kind[:1].upper()}{text.kind[1:]}, {text.published}.", "</div>"]
        parts += [_claim(claim, text, tests, kit) for claim in text.claims]
    return "\n\n".join(parts)


def _filter(texts: Sequence[Text], claims: Sequence[Claim]) -> str:
    """Hidden until the script that makes it work has come (docs/assets/claims.js). The page is whole without it."""
    used = {topic for claim in claims for topic in claim.topics}
    choices = {
        "text": {text.letter.lower(): text.name for text in texts},
        "topic": {topic: topic.replace("-", " ") for topic in TOPICS if topic in used},
        "verdict": {verdict: verdict for verdict in VERDICTS},
    }
    lines = ['<form id="claim-filter" class="claim-filter" aria-label="Filter the claims" hidden>']
    for name, options in choices.items():
        lines.append(f'<label>{name.capitalize()} <select name="{name}"><option value="">all</option>')
        lines += [f'<option value="{value}">{escape(words)}</option>' for value, words in options.items()]
        lines.append("</select></label>")
    lines += [
        '<label>Words <input type="search" name="words" autocomplete="off"></label>',
        '<label><input type="checkbox" name="shown"> shown by code</label>',
        '<button type="reset">Show all</button>',
        '<p role="status"></p>',
        "</form>",
    ]
    return "\n".join(lines)


def _claim(claim: Claim, text: Text, tests: Sequence[Shown], kit: Kit) -> str:
    shows = [test for test in tests if claim.id in test.claims]
    about = [
        verdict_mark(claim.verdict),
        f"so since {claim.since}" if claim.since else "",
        ", ".join(topic.replace("-", " ") for topic in claim.topics),
        ", ".join(exam.upper() for exam in claim.exams),
    ]
    known = f"Confirmed {claim.confirmed}"
    if claim.sources:
        known += f" in: {'; '.join(map(_source, claim.sources))}"
    parts = [
        f'<div class="claim" data-text="{text.letter.lower()}" data-verdict="{claim.verdict}" '
        f'data-topics="{" ".join(claim.topics)}"{" data-shown" if shows else ""} markdown="1">',
        heading(f"{claim.id}: {claim.says}", claim.id.lower(), claim.id),
        " · ".join(one for one in about if one),
        plain(claim.truth),
        f"**Not confirmed:** {plain(claim.doubt)}" if claim.doubt else "",
        f"{known}{'' if known.endswith('.') else '.'}",
        _try(claim, shows, kit),
        "</div>",
    ]
    return "\n\n".join(part for part in parts if part)


def _try(claim: Claim, shows: Sequence[Shown], kit: Kit) -> str:
    katas = [kata for kata in kit.katas if kata.id in claim.katas]
    links = [
        *(link("shown by code", f"{shown_page(test.part)}#{test.anchor}", INDEX) for test in shows),
        *(f"kata {link(plain(kata.title), page_of(kata), INDEX)}" for kata in katas),
    ]
    return f"Try it: {', '.join(links)}." if links else ""


def _source(source: Source) -> str:
    return f"[{plain(source.name)}]({source.url})" if source.url else plain(source.name)


def _shown(text: Text, tests: Sequence[Shown]) -> str:
    """The tests of one text, by the file that they are in."""
    says = {claim.id: claim for claim in text.claims}
    at = shown_page(tests[0].part)
    numbers = [int(claim[1:]) for test in tests for claim in test.claims]
    parts = [
        f"# Shown by code: {plain(text.name)}, {text.letter}{min(numbers)} to {text.letter}{max(numbers)}",
        f"The tests of {link('the claims of this text', f'{INDEX}#text-{text.letter.lower()}', at)}. "
        "Each does in the lab what a claim says: a true one holds, a false one comes out otherwise. "
        "`lab` is a simulated AWS with fresh keys; `python3 kata.py test tests/claims` runs them all.",
    ]
    for file in dict.fromkeys(test.file for test in tests):
        of_file = [test for test in tests if test.file == file]
        parts.append(f"## {_topic(file)}")
        parts.append(_code(of_file[0].shared, summary=f"What these tests share (tests/claims/{file})"))
        for test in of_file:
            parts.append(heading(test.sentence, test.anchor, ", ".join(test.claims)))
            parts += [_named(claim, says, at) for claim in test.claims]
            parts.append(_code(test.source))
    return "\n\n".join(part for part in parts if part)


def _topic(file: str) -> str:
    """Of test_claims_c_key_policies.py: Key policies."""
    words = file.removesuffix(".py").split("_")[3:]
    return " ".join(words).capitalize() or file


def _named(claim_id: str, says: dict[str, Claim], at: str) -> str:
    name = link(claim_id, f"{INDEX}#{claim_id.lower()}", at)
    claim = says.get(claim_id)
    return f"{name} {verdict_mark(claim.verdict)}: {plain(claim.says)}" if claim else name


def _code(source: str, summary: str = "") -> str:
    """Python; folded where it has a summary."""
    # Not ```python: those blocks a test runs as they stand (tests/docs/test_snippets.py).
    fence = f"```py\n{source}\n```" if source else ""
    folded = f'<details markdown="1">\n<summary>{summary}</summary>\n\n{fence}\n\n</details>'
    return folded if source and summary else fence
