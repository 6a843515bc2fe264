"""Whose a file or folder is, by the names that Canvas, Moodle and Gradescope give to what a teacher downloads.

The patterns are those of the programs that write them, as far as these are public:

- Canvas, "Download Submissions": `lastfirst_LATE_12345_67890_answer-2.py`. The name without blanks, `LATE` where it is
  late, the numbers of the user and of the file; an anonymous one begins with `anon_` and a word. No name of a learner
  holds `_NUMBER_`. (https://github.com/instructure/canvas-lms/blob/master/lib/content_zipper.rb.) A file that is handed
  in again under the same name gets `-1`, `-2` before its first or its last point.
  (https://github.com/instructure/canvas-lms/issues/606, https://github.com/instructure/canvas-lms/issues/2310)
- Moodle, "Download all submissions": `Full Name_12345_assignsubmission_file_/answer.py`, in newer versions without the
  last `_`; without folders `Full Name_12345_assignsubmission_file_answer.py`. Names of learners hold no `_`.
  (https://github.com/moodle/moodle/blob/main/mod/assign/classes/downloader.php)
- Gradescope, "Download Submissions": folders `submission_12345`; whose they are and when they came
  (`:created_at`, which YAML reads as a time) is in `submission_metadata.yml`.
  Gradescope's program is not public and we found no page of its own on this, so it is as users of it read it:
  https://gist.github.com/m13253/f3e418a556df9506f7494e0f9cd8e80f,
  https://github.com/matthigger/gradescope_auto_py/issues/24.

Not for what is in such a file.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

METADATA = "submission_metadata.yml"
_MAX_METADATA = 50 * 1024 * 1024


@dataclass(frozen=True)
class LmsName:
    """What the name of one file or folder says. `number` grows with each file; 0: the name has none."""

    learner: str
    file: str
    """Its name as the learner knows it; empty for a folder."""
    number: int = 0
    text_only: bool = False
    """It holds what was typed into a text field."""
    late: bool = False
    """Canvas says so, by the due date that it has."""


_MOODLE = re.compile(r"(?P<learner>[^_]+(_\d+)?)_assignsubmission_(?P<kind>file|onlinetext)(_(?P<file>.*))?", re.DOTALL)
_CANVAS = re.compile(r"(?P<name>\w+?)_(?P<late>LATE_)?(?P<user>\d+)_(?P<number>\d{1,18})_(?P<file>.+)", re.DOTALL)
_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<learner>anon_[^\W_]+)_(?P<number>\d{1,18})_(?P<file>.+)", re.DOTALL)
_AGAIN = re.compile(r"-\d+(?=\.|$)")


def lms_name(name: str) -> LmsName | None:
    """What `name` says, where it is of one of these forms."""
    if found := _MOODLE.fullmatch(name):
        return LmsName(found["learner"], found["file"] or "", text_only=found["kind"] == "onlinetext")
    if found := _ANONYMOUS.fullmatch(name):
        return LmsName(found["learner"], found["file"], int(found["number"]), late=bool(found["late"]))
    if found := _CANVAS.fullmatch(name):
        learner = f"{found['name']}_{found['user']}"
        return LmsName(learner, found["file"], int(found["number"]), late=bool(found["late"]))
    return None


def first_name(file: str, known: Collection[str]) -> str:
    """`answer.py` for `answer-2.py`, where that is a name that answers have; else the name as it is."""
    if file in known:
        return file
    return next(
        (name for at in _AGAIN.finditer(file) if (name := file[: at.start()] + file[at.end() :]) in known), file
    )


@dataclass(frozen=True)
class OfGradescope:
    """What the list says of one folder. `submitted` has an offset from UTC; None: it is not said, or has none."""

    learner: str
    submitted: datetime | None = None


def gradescope_entries(metadata: Path) -> dict[str, OfGradescope]:
    """By folder. Raises ValueError, with a sentence without its end, where that cannot be read."""
    try:
        with open(metadata, "rb") as file:
            text = file.read(_MAX_METADATA + 1)
        if len(text) > _MAX_METADATA:
            raise ValueError(f"{METADATA} has more than {_MAX_METADATA // 1024**2} MiB")
        data = yaml.load(text, _Loader)
    except (OSError, yaml.YAMLError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no YAML"
        raise ValueError(f"{METADATA} cannot be read: {why}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{METADATA} names no submissions")
    return {
        str(folder): OfGradescope(learner, _created(entry))
        for folder, entry in data.items()
        if (learner := _submitters(str(folder), entry))
    }


def _created(entry: Any) -> datetime | None:
    when = entry.get(":created_at") if isinstance(entry, dict) else None
    return when if isinstance(when, datetime) and when.tzinfo else None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Makes nothing of a type of Ruby's that it does not know, but a None."""


_Loader.add_multi_constructor("!", lambda *_: None)


def _submitters(folder: str, entry: Any) -> str:
    """`Ann Lee_1234`, of a group `Ann Lee_1234 and Bo Li_1235`; empty where nobody is named.

    Learners choose what they are called, and a report may make a file of the name: no `/`, no point at its beginning.
    """
    people = entry.get(":submitters") if isinstance(entry, dict) else None
    names = []
    for person in people if isinstance(people, list) else ():
        if isinstance(person, dict) and person.get(":name"):
            number = person.get(":sid") or person.get(":email") or folder
            names.append(f"{person[':name']}_{number}")
    return _NO_NAME.sub("_", " and ".join(names))[:200]


_NO_NAME = re.compile(r"[/\\\0]|^\.+")
