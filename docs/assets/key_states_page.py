"""Puts the engine's tables of key states into docs/reference/key-states.md: which operation works in which state.

`python docs/assets/key_states_page.py` puts them in anew; a test fails when the page and the tables no longer agree.
The text around the tables is written by hand.
"""

import re
from pathlib import Path

from kms_katas.lab.kms.operations import OPERATIONS
from kms_katas.lab.kms.states import ORIGINS, PRIMARY_ONLY, REFUSALS, SYMMETRIC_ONLY

PAGE = Path(__file__).parents[1] / "reference" / "key-states.md"

STATES = ("Disabled", "PendingDeletion", "PendingImport", "Unavailable", "Creating", "Updating", "Enabled")
"""In the order of the page. PendingReplicaDeletion is left out: it refuses what PendingDeletion refuses."""


def page() -> str:
    """The page as it should be: the text that is there, with the tables of now."""
    text = PAGE.read_text("utf-8")
    for name, table in (("states", states()), ("messages", messages()), ("kinds", kinds())):
        place = re.compile(f"(<!-- {name} -->\n).*(<!-- end of {name} -->)", re.DOTALL)
        text = place.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", text)
    return text


def states() -> str:
    """A line for all operations that the same states refuse, those that most states refuse first."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for operation in sorted(set(OPERATIONS) & set(REFUSALS)):
        refusing = tuple(state for state in STATES if state in REFUSALS[operation])
        rows.setdefault(refusing, []).append(operation)
    lines = ["| operation | refused while the key is |", "|---|---|"]
    for refusing, named in sorted(rows.items(), key=lambda row: (-len(row[0]), row[1])):
        lines.append(f"| {', '.join(named)} | {', '.join(refusing) or 'never: it works in every state'} |")
    return "\n".join(lines)


def messages() -> str:
    told = {
        (state, code, text) for refused in REFUSALS.values() for state, (code, text) in refused.items() if is_own(text)
    }
    lines = ["| state | error | what it says |", "|---|---|---|"]
    return "\n".join(lines + [f"| {state} | {code} | `KEY-ARN {text}.` |" for state, code, text in sorted(told)])


def is_own(text: str) -> bool:
    """Whether the words are those of one state. CancelKeyDeletion has the same for all states, told on the page."""
    return text != "is not pending deletion"


def kinds() -> str:
    refusing: dict[str, list[str]] = {}
    for operation in sorted({*ORIGINS, *SYMMETRIC_ONLY, *PRIMARY_ONLY} & set(OPERATIONS)):
        words = []
        if operation in ORIGINS:
            words.append(f"of the origin {' or '.join(ORIGINS[operation])}")
        if operation in SYMMETRIC_ONLY:
            words.append("symmetric encryption keys")
        if operation in PRIMARY_ONLY:
            words.append("no replica")
        refusing.setdefault("; ".join(words), []).append(operation)
    lines = ["| operation | only for keys |", "|---|---|"]
    return "\n".join(lines + [f"| {', '.join(named)} | {words} |" for words, named in refusing.items()])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
