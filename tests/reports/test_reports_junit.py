"""JUnit XML: every file keeps to Jenkins' schema, its counts are right, and a parser reads back what was said."""

from collections import Counter
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from kms_katas.reports.junit import as_junit
from kms_katas.reports.public import public

from .samples import ACTS, EVERY_KIND, PASSED, check, several, unnamed, verdict_of, with_text

# The rules of junit-10.xsd of Jenkins' xunit plugin: the attributes (those that must be there with a star) and the
# children of each element that we write, in our words.
RULES = {
    "testsuites": ("name time tests failures errors", "testsuite"),
    "testsuite": ("name* tests* failures* errors* time skipped", "properties testcase"),
    "properties": ("", "property"),
    "property": ("name* value*", ""),
    "testcase": ("name* time classname", "skipped error failure system-out"),
    "failure": ("type message", ""),
    "error": ("type message", ""),
    "skipped": ("type message", ""),
    "system-out": ("", ""),
}
TIME = r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?"


def junit(found):
    """The report on one learner's verdicts."""
    return as_junit(unnamed(found))


def read(text):
    """The root, once every element below it has kept to the rules."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = (rule.split() for rule in RULES[element.tag])
        assert {name.removesuffix("*") for name in attributes} >= set(element.attrib), element.tag
        assert {name[:-1] for name in attributes if name.endswith("*")} <= set(element.attrib), element.tag
        assert {child.tag for child in element} <= set(children), element.tag
    return root


@given(several)
def test_every_report_keeps_to_the_schema_and_counts_right(found):
    root = read(junit(found))
    elements = Counter(element.tag for element in root.iter())
    assert elements["testcase"] == int(root.get("tests")) == sum(len(verdict.checks) for verdict in found)
    assert elements["failure"] == int(root.get("failures")) == sum(int(suite.get("failures")) for suite in root)
    assert elements["error"] == int(root.get("errors")) == sum(int(suite.get("errors")) for suite in root)
    assert elements["skipped"] == sum(int(suite.get("skipped")) for suite in root)
    passed = sum(
        len(case.findall("./failure") + case.findall("./error") + case.findall("./skipped")) == 0
        for case in root.iter("testcase")
    )
    assert passed == sum(check.status == "pass" for verdict in found for check in verdict.checks)


@given(several)
def test_points_are_properties_of_their_suite(found):
    for suite, verdict in zip(read(junit(found)), found, strict=True):
        properties = {entry.get("name"): entry.get("value") for entry in suite.iter("property")}
        assert (properties["score"], properties["max_score"]) == (str(verdict.score), str(verdict.max_score))
        assert properties["seed"] == str(verdict.seed)


@given(st.text())
def test_a_parser_reads_back_every_text_that_was_safe(text):
    # XML has no line ends but one, and the parser gives that back.
    shown = public(check(message=text, output=text))
    (case,) = read(junit([verdict_of(check(message=text, output=text))])).iter("testcase")
    assert case.find("./failure").get("message") == (shown.message or "Sentence 1.")
    assert (case.findtext("./system-out") or "") == shown.output


def test_what_no_xml_may_hold_leaves_the_file_readable():
    root = read(junit([with_text(ACTS + "\x00\x0b\ufffe\uffff\udfff]]>")]))
    assert "]]>" in root.findtext(".//system-out")


def test_every_case_of_a_suite_has_a_name_of_its_own():
    twins = verdict_of(check("pass", title="Same."), check("pass", number=2, title="Same."))
    names = [case.get("name") for case in read(junit([twins])).iter("testcase")]
    assert len(set(names)) == 2


def test_each_learner_has_a_suite_and_cases_of_their_own():
    root = read(as_junit([("ann", PASSED), ("b.ob\x1b", EVERY_KIND), ("", PASSED)]))
    assert [suite.get("name") for suite in root] == ["ann: envelope/more", "b.ob\\x1b: keys/mini", "envelope/more"]
    assert [suite.find("testcase").get("classname") for suite in root] == [
        "ann.envelope.more",
        "b_ob\\x1b.keys.mini",
        "envelope.more",
    ]
    named = [suite.find("./properties/property[@name='learner']") for suite in root]
    assert [entry if entry is None else entry.get("value") for entry in named] == ["ann", "b.ob\\x1b", None]


def test_a_time_limit_is_an_error_and_no_failure():
    (case,) = read(junit([verdict_of(check("timeout"))])).iter("testcase")
    assert case.find("./error").get("type") == "timeout"


def test_two_katas_are_two_suites():
    assert [suite.get("name") for suite in read(junit([EVERY_KIND, PASSED]))] == ["keys/mini", "envelope/more"]
