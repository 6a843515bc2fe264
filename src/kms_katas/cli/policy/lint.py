"""`kata policy lint`: what is wrong, risky or without effect in the text of policies. The rules are in policy/lint."""

from collections.abc import Sequence

from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.policy.files import POLICY_BYTES, read_text, shown
from kms_katas.kit import KitError
from kms_katas.policy import PolicyError
from kms_katas.policy.lint import Kind, as_json, as_sarif, as_text
from kms_katas.policy.lint import lint as findings_in


def lint(files: Sequence[str], key_arn: str | None, kind: Kind, proofs: bool, format: str) -> int:
    """Look at every file. The exit status: 1 where there is an error or a warning; suggestions alone leave it at 0."""
    try:
        found = {
            shown(word): findings_in(read_text(word, POLICY_BYTES), key_arn=key_arn, kind=kind, semantic=proofs)
            for word in files
        }
    except PolicyError as error:
        raise KitError(f"--key: {error}") from None
    if format == "text":
        for line in as_text(found).split("\n"):
            screen.say(line)
    else:
        print({"json": as_json, "sarif": as_sarif}[format](found))
    grave = any(one.level != "suggestion" for findings in found.values() for one in findings)
    return NOT_PASSED if grave else PASSED
