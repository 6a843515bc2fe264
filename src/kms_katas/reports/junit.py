"""Verdicts as JUnit XML, which most CI services read. Keeps to the schema of Jenkins' xunit plugin, junit-10.xsd.

There is no standard; that schema has no place for points at a check, so they are properties of the suite.
"""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from kms_katas.kit.verdict import CheckResult, Verdict
from kms_katas.reports.public import hidden_note, one_line, public, safe, told

_ELEMENTS = {"fail": "failure", "error": "error", "timeout": "error", "skipped": "skipped"}


def as_junit(graded: Iterable[tuple[str, Verdict]]) -> str:
    """One suite for each (learner, verdict), one case for each check; the learner may be empty.

    ASCII: all else is written as references.
    """
    graded = list(graded)
    root = Element("testsuites", {"name": "kms-katas"} | _counts([verdict for _, verdict in graded]))
    for learner, verdict in graded:
        who = one_line(learner)
        skipped = str(sum(check.status == "skipped" for check in verdict.checks))
        named = {"name": ": ".join(filter(None, (who, verdict.kata))), "skipped": skipped}
        suite = SubElement(root, "testsuite", named | _counts([verdict]))
        properties = SubElement(suite, "properties")
        for name, value in _properties(who, verdict).items():
            SubElement(properties, "property", {"name": name, "value": safe(str(value))})
        # Services make packages of what stands between points: the learner's is one.
        package = ".".join(filter(None, (who.replace(".", "_"), verdict.kata.replace("/", "."))))
        for name, check in zip(verdict.shown_names, map(public, verdict.checks), strict=True):
            _case(suite, package, safe(name), check)
    indent(root)
    return str(tostring(root, encoding="us-ascii", xml_declaration=True), "ascii")


def _counts(verdicts: list[Verdict]) -> dict[str, str]:
    statuses = [check.status for verdict in verdicts for check in verdict.checks]
    elements = [_ELEMENTS.get(status, "") for status in statuses]
    counts = {"tests": len(statuses), "failures": elements.count("failure"), "errors": elements.count("error")}
    return {name: str(count) for name, count in counts.items()} | {
        "time": _time(sum(v.shown_seconds for v in verdicts))
    }


def _properties(learner: str, verdict: Verdict) -> dict[str, object]:
    found: dict[str, object] = {"learner": learner} if learner else {}
    found |= {"score": verdict.score, "max_score": verdict.max_score, "seed": verdict.seed}
    found |= {"kit_version": verdict.kit_version, "checks_digest": verdict.checks_digest}
    found |= {"isolation": verdict.isolation}
    if note := hidden_note([verdict]):
        found["hidden"] = note
    named = zip(verdict.shown_names, verdict.checks, strict=True)
    return found | {f"points.{safe(name)}": f"{check.points} of {check.max_points}" for name, check in named}


def _case(suite: Element, package: str, name: str, check: CheckResult) -> None:
    # Sentence and name: several checks may have one sentence, and services tell cases apart by their names.
    named = {"classname": package, "name": f"{check.title} [{name}]"}
    case = SubElement(suite, "testcase", named | {"time": _time(check.seconds)})
    if check.status != "pass":
        message = check.message or check.title
        SubElement(case, _ELEMENTS[check.status], {"type": check.status, "message": message}).text = told(check)
    if said := check.output or (told(check) if check.status == "pass" else ""):
        SubElement(case, "system-out").text = said


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"
