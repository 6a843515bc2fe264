"""Findings for people and for programs: text, JSON and SARIF 2.1.0. Each takes those of several files, by name."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..finding import Finding
from ..positions import Place
from .rules import RULES

Found = Mapping[str, Sequence[Finding]]

_SARIF_LEVELS = {"error": "error", "warning": "warning", "suggestion": "note"}


def as_text(found: Found) -> str:
    """Two lines for each finding: where, how grave, which rule and what; then what to do. Ends with a count."""
    lines = []
    for name, findings in found.items():
        for one in findings:
            lines.append(f"{name}:{one.place.line}:{one.place.column}: {one.level} {one.id}: {one.sentence}")
            also = f" See also {', '.join(map(str, one.others))}." if one.others else ""
            lines.append(f"    {one.fix}{also}")
    count = sum(map(len, found.values()))
    files = f"{len(found)} file{'' if len(found) == 1 else 's'}"
    lines.append(f"{count or 'No'} finding{'' if count == 1 else 's'} in {files}.")
    return "\n".join(lines)


def as_json(found: Found) -> str:
    """An object with "schema" urn:kms-katas:lint:1 and "files": for each its name and findings, places from 1."""
    files = [{"file": name, "findings": [_plain(one) for one in findings]} for name, findings in found.items()]
    return json.dumps({"schema": "urn:kms-katas:lint:1", "files": files}, indent=2)


def as_sarif(found: Found) -> str:
    """A log of SARIF 2.1.0 (OASIS) with one run. A file's name becomes a relative URI; columns count code points."""
    ids = list(RULES)
    results = [
        {
            "ruleId": one.id,
            "ruleIndex": ids.index(one.id),
            "level": _SARIF_LEVELS[one.level],
            "message": {"text": f"{one.sentence} {one.fix}"},
            "locations": [_location(name, one.place)],
        }
        | ({"relatedLocations": [_location(name, place) for place in one.others]} if one.others else {})
        for name, findings in found.items()
        for one in findings
    ]
    rules = [
        {
            "id": rule.id,
            "name": rule.title,
            "shortDescription": {"text": f"{rule.title}."},
            "fullDescription": {"text": rule.reason},
            "help": {"text": f"{rule.fix} More: {rule.page}"},
            "defaultConfiguration": {"level": _SARIF_LEVELS[rule.level]},
        }
        for rule in RULES.values()
    ]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "kms-katas", "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(log, indent=2)


def _plain(one: Finding) -> dict[str, Any]:
    return {
        "id": one.id,
        "level": one.level,
        "sentence": one.sentence,
        "fix": one.fix,
        "line": one.place.line,
        "column": one.place.column,
        "others": [{"line": place.line, "column": place.column} for place in one.others],
        "page": RULES[one.id].page,
    }


def _location(name: str, place: Place) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(name.replace("\\", "/"))},
            "region": {"startLine": place.line, "startColumn": place.column},
        }
    }
