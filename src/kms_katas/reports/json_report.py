"""Verdicts as JSON, in the published form: src/kms_katas/kit/verdict.schema.json."""

import json
from collections.abc import Iterable

from kms_katas.kit.verdict import REPORT_SCHEMA, Verdict


def as_json(verdicts: Iterable[Verdict]) -> str:
    """One object for all verdicts; ASCII only, so that no terminal or log can misread it."""
    return json.dumps({"schema": REPORT_SCHEMA, "katas": [verdict.as_data() for verdict in verdicts]}, indent=2)
