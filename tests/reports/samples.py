"""Verdicts that the tests of the reports share: one of every kind, any at all, and texts that attack a reader."""

from hypothesis import strategies as st

from kms_katas.kit import CheckResult, KmsCall, Verdict

STATUSES = ("pass", "fail", "error", "timeout", "skipped")
SECRET = "s3cr3t-of-a-hidden-check"
ACTS = "\x1b[2J\x1b]0;title\x07\r\x08\x9b31m\u202e\u2066\u200b\x00\ud800\ufffe\u2028"
"""Clears the screen, sets the title, rings, goes back, colours, turns the writing; and what no XML may hold."""
HOSTILE = (
    ACTS,
    "</pre><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>",
    "]]><!-- &amp; <!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    '=HYPERLINK("http://evil.example")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)\t-2\r=3;=4",
    "fine\n::add-mask::word\n  ::stop-commands::word\n##[add-mask]word",
    "a%0A::error::b,c:d",
    "````\n# heading\n````` | cell [link](http://evil.example) @everyone <b>",
)


def check(status="fail", **fields):
    """One check with every text filled in."""
    number = fields.pop("number", 1)
    given = {
        "check": f"test_{number}",
        "title": f"Sentence {number}.",
        "task": number,
        "status": status,
        "max_points": number,
    }
    if status != "pass":
        given |= {"message": f"Message {number}.", "called": f"open_it({number})", "actual": "None"}
        given |= {"expected": "a text", "next_step": "Ask KMS.", "file": "answer.py", "line": 10 + number}
        given |= {"calls": (KmsCall("Decrypt", "alias/app", "AccessDeniedException", "of 20 bytes"),)}
        given |= {"output": "printed\ntwice\n"}
    return CheckResult(**given | {"seconds": 0.25} | fields)


def hidden(status="fail", **fields):
    """A hidden check that found a secret."""
    texts = dict.fromkeys(("message", "called", "actual", "expected", "next_step", "file", "output"), SECRET)
    found = texts | {"calls": (KmsCall(SECRET, SECRET, SECRET, SECRET),)}
    return check(status, hidden=True, **found | fields)


def verdict_of(*checks, kata="keys/mini", **fields):
    given = {"seed": 7, "kit_version": "0.1.0", "checks_digest": "ab" * 32, "isolation": "lite", "runner": "forked"}
    return Verdict(kata, checks, **given | {"seconds": 1.5} | fields)


EVERY_KIND = verdict_of(*(check(status, number=number) for number, status in enumerate(STATUSES, 1)), hidden(number=6))
PASSED = verdict_of(check("pass"), check("pass", number=2), kata="envelope/more")
BROKEN = verdict_of(*(check("error", number=n, message="answer.py does not parse.", calls=()) for n in (1, 2)))
COHORT = [
    ("ann", PASSED),
    ("ann", verdict_of(check("pass"), check("fail", number=2), hidden(number=3))),
    ("=bob", verdict_of(check("fail"), check("fail", number=2), hidden("pass", number=3))),
    ("=bob", verdict_of(check("pass"), check("timeout", number=2), kata="envelope/more")),
    ("<cyd>", verdict_of(check("fail"), check("fail", number=2), hidden(number=3), untouched=True)),
    ("dan", verdict_of(check("error", check="grading", max_points=6, message="The kit itself failed."))),
    ("eve", verdict_of(check("pass"), check("pass", number=2), hidden("pass", number=3))),
]
"""Of one kata and another: passed, stopped at one check and another, the starter, and unknown."""

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30), st.text("=+-@;:#[]<>&`|\\\"'\n\r\t %", max_size=30))
titles = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20).map("A sentence {}".format))
kms_calls = st.builds(KmsCall, texts, texts, texts, texts)
checks = st.builds(
    CheckResult,
    check=texts,
    title=titles,
    task=st.integers(1, 5),
    status=st.sampled_from(STATUSES),
    max_points=st.integers(0, 20),
    message=texts,
    called=texts,
    actual=texts,
    expected=texts,
    next_step=texts,
    calls=st.lists(kms_calls, max_size=2).map(tuple),
    file=texts,
    line=st.integers(0, 999),
    output=texts,
    hidden=st.booleans(),
    seconds=st.floats(0, 10),
)
verdicts = st.lists(checks, min_size=1, max_size=3).map(lambda found: verdict_of(*found))
several = st.lists(verdicts, min_size=1, max_size=2)


def unnamed(found):
    """The verdicts as (learner, verdict) where there is one learner, of no name."""
    return [("", verdict) for verdict in found]


def with_text(text):
    """A verdict that says `text` wherever an answer's texts go."""
    fields = dict.fromkeys(("message", "called", "actual", "expected", "next_step", "file", "output"), text)
    return verdict_of(check("fail", calls=(KmsCall(text, text, text, text),), **fields))
