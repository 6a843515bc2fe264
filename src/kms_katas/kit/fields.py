"""What the readers of the ledger, the questions, the exams and the facts have in common: a TOML file, and its fields.

Not for what one of them says, nor for kata.toml and course.toml, whose readers tell other faults.
"""

import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

NOT_A_DAY = "must be a day, not in quotes, such as 2026-11-21."


def read_table(file: Path, schema: str, parse_float: Callable[[str], Any] = float) -> tuple[dict[str, Any], str]:
    """What a file of this schema holds, or the fault for which nobody can read it."""
    try:
        data = tomllib.loads(file.read_text("utf-8"), parse_float=parse_float)
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"it cannot be read: {error}. Mend that."
    if data.get("schema") != schema:
        return {}, f'the schema is {data.get("schema")!r}; this kit reads schema = "{schema}".'
    return data, ""


def faults_of_names(entry: Mapping[str, Any], needed: set[str], optional: Collection[str], what: str) -> Iterator[str]:
    """Fields that are missing, and fields that `what` ("a claim") does not have."""
    if missing := sorted(needed - set(entry)):
        yield f"`{'`, `'.join(missing)}` {'is' if len(missing) == 1 else 'are'} missing. Add it, empty where it may be."
    more = f", and may have {' and '.join(optional)}" if optional else ""
    for name in sorted(set(entry) - needed - set(optional)):
        yield f"`{name}` is nothing that {what} has. It has {', '.join(sorted(needed))}{more}."


def is_line(value: object) -> bool:
    """Text of one line that says something."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def is_lines(values: object) -> bool:
    return isinstance(values, list) and all(map(is_line, values))


def is_day(value: object) -> bool:
    # A date and time is a date too, in Python.
    return isinstance(value, date) and not isinstance(value, datetime)


def listed(entry: Mapping[str, Any], name: str) -> list[Any]:
    """A field's list; empty where it is none."""
    value = entry.get(name)
    return value if isinstance(value, list) else []


def twice(values: Collection[Any]) -> list[str]:
    """What is there more than once, each once, in order."""
    held = list(map(str, values))
    return [value for value in dict.fromkeys(held) if held.count(value) > 1]
