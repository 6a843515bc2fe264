"""Verdicts as JSON, in the published form: src/kms_katas/kit/verdict.schema.json; and those of many learners."""

import json
import re
from collections.abc import Iterable
from typing import Any

from kms_katas.kit.verdict import REPORT_SCHEMA, Verdict

COHORT_SCHEMA = "urn:kms-katas:cohort:1"

_ESCAPE = re.compile(r"\\(?:ud[89ab]..\\ud[c-f]..|(?P<half>ud[89a-f]..)|.)")


def as_json(verdicts: Iterable[Verdict]) -> str:
    """One object for all verdicts."""
    return json_text({"schema": REPORT_SCHEMA, "katas": [verdict.as_data() for verdict in verdicts]})


def as_cohort(graded: Iterable[tuple[str, Verdict]]) -> str:
    """One object for all (learner, verdict): whose each verdict is."""
    found = [{"name": name, "verdict": verdict.as_data()} for name, verdict in graded]
    return json_text({"schema": COHORT_SCHEMA, "submissions": found})


def json_text(data: Any) -> str:
    """ASCII only, so that no terminal or log can misread it; nor does it spell `##[`, a command in GitHub's logs.

    Half a character (`\\ud800`, as in a file's name that is no UTF-8) is spelled out: some readers refuse the whole
    file for it (RFC 8259, section 8.2).
    """
    text = _ESCAPE.sub(lambda found: ("\\" if found["half"] else "") + found[0], json.dumps(data, indent=2))
    return text.replace("##[", "#\\u0023[")
