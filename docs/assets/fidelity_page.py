"""Puts the engine's own tables into docs/reference/fidelity.md: how faithful the lab is, operation by operation.

`python docs/assets/fidelity_page.py` puts them in anew; a test fails when the page and the tables no longer agree. The
text around the tables is written by hand.
"""

import re
from importlib import import_module
from pathlib import Path

from moto.core.utils import get_service_model

from kms_katas.lab import cloudtrail_fidelity
from kms_katas.lab.kms.fidelity import CAVEATS
from kms_katas.lab.kms.operations import OPERATIONS
from kms_katas.lab.services.table import AS_AWS_NAMES_IT, SERVICES

PAGE = Path(__file__).parents[1] / "reference" / "fidelity.md"


def page() -> str:
    """The page as it should be: the text that is there, with the tables of now."""
    text = PAGE.read_text("utf-8")
    for name, table in (("operations", operations()), ("log", log()), ("services", services())):
        place = re.compile(f"(<!-- {name} -->\n).*(<!-- end of {name} -->)", re.DOTALL)
        text = place.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", text)
    return text


def operations() -> str:
    exact = [operation for operation in OPERATIONS if not CAVEATS[operation]]
    lines = [
        f"The lab has all {len(OPERATIONS)} operations of KMS: {len(exact)} exact, {len(OPERATIONS) - len(exact)} "
        "simplified in what the table says.",
        "",
        "| operation | in the lab | what differs from AWS |",
        "|---|---|---|",
    ]
    for operation in sorted(OPERATIONS):
        caveat = CAVEATS[operation]
        lines.append(f"| {operation} | {'simplified' if caveat else 'exact'} | {caveat} |")
    return "\n".join(lines)


def log() -> str:
    lines = ["| in the log | what differs from AWS |", "|---|---|"]
    return "\n".join(lines + [f"| {what} | {caveat} |" for what, caveat in cloudtrail_fidelity.CAVEATS.items()])


def services() -> str:
    """What the modules of lab/services tell in their FIDELITY."""
    lines = ["| service | what | in the lab |", "|---|---|---|"]
    for name in sorted(SERVICES):
        module = import_module(f"kms_katas.lab.services.{_TOLD_IN.get(name, name)}")
        title = get_service_model(AS_AWS_NAMES_IT.get(name, name)).service_id
        lines += [f"| {title} | {what} | {how} |" for what, how in module.FIDELITY]
    return "\n".join(lines)


_TOLD_IN = {"cloudformation": "cloudformation_kms"}  # cloudformation itself needs packages that an extra brings

if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
