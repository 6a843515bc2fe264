"""`lint`: all findings about one policy, in the order of its text. The rules are in the files beside it."""

from itertools import chain
from typing import get_args

from ..context import is_key
from ..document import PolicyError, faults, parse_document
from ..finding import Finding
from . import actions, conditions, elements, operators, principals
from .reading import Kind, Policy

KINDS: tuple[Kind, ...] = get_args(Kind)


def lint(text: str, *, key_arn: str | None = None, kind: Kind = "key-policy", semantic: bool = False) -> list[Finding]:
    """What is wrong, risky or without effect in the policy `text`; empty when there is nothing to say.

    A text that `parse_document` refuses has only the findings that say why (J1 to J4). `key_arn` is the key that a key
    policy belongs to; without it nothing is said about other keys and other accounts. `kind` is "key-policy",
    "identity-policy" (also for permissions boundaries and session policies, which have the same elements),
    "service-control-policy" or "resource-control-policy"; of all but a key policy only the statements that touch KMS
    are looked at. With `semantic` a key policy is also looked at by proof (S1 to S7), which can take seconds; without
    `key_arn` the key is the likeliest that the policy may belong to (likely_keys.py). Raises
    PolicyError for a `key_arn` that is no key ARN and for an unknown `kind`.
    """
    if kind not in KINDS:
        raise PolicyError(f"{kind!r} is no kind of policy that lint knows: give one of {', '.join(KINDS)}.")
    if key_arn is not None and not is_key(key_arn):
        raise PolicyError(
            f"{key_arn!r} is not the ARN of a KMS key: give one such as"
            " arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab."
        )
    try:
        policy = Policy(parse_document(text), kind, key_arn)
    except PolicyError:
        return faults(text)
    found = chain(
        elements.findings(policy),
        *(
            room.findings_of(policy, statement)
            for statement in policy.statements
            if kind == "key-policy" or statement.covered or _names_kms(statement.actions)
            for room in (elements, principals, actions, conditions, operators)
        ),
    )
    if semantic and kind == "key-policy":
        # Loaded here, since the prover is large and most calls do without.
        from .semantic import findings

        found = chain(found, findings(policy))
    # sorted keeps the order of the rules for findings at one place.
    return sorted(found, key=lambda finding: finding.place)


def _names_kms(actions: tuple[tuple[str, object], ...]) -> bool:
    return any(pattern.lower().startswith("kms:") for pattern, _ in actions)
