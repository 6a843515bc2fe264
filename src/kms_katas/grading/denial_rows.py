"""Rows that ask of a denial which policy is the reason, in which way, and where a change would let the request through.

A document's name begins with its kind: key-, iam-, boundary-, session-, scp-, bucket-. What is right is asked of the
policy room: by the decision, and by deciding once more with the change made.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kms_katas.grading.outcome import Infra
from kms_katas.grading.policy_rows import drawn
from kms_katas.kit.table import Pool, Row
from kms_katas.policy import Decision, Documents, NamedPolicy, Principal, Request, decide, explain, parse_document

KINDS: Mapping[str, str] = {
    "key": "key-policy",
    "iam": "iam-policy",
    "boundary": "permissions-boundary",
    "session": "session-policy",
    "scp": "service-control-policy",
    "bucket": "bucket-policy",
}
"""What the first word of a document's name says it is."""
DENY, NO_ALLOW = "deny", "no-allow"


@dataclass(frozen=True)
class Denied:
    """One row, decided. `right` are the names of the documents in which alone a change lets the request through, and
    that are of the layer that decided."""

    row: Row
    decision: Decision
    texts: Mapping[str, str]
    right: tuple[str, ...]

    @property
    def layer(self) -> str:
        return "iam-policy" if self.decision.layer == "identity-policy" else self.decision.layer

    @property
    def how(self) -> str:
        return DENY if self.decision.kind == "ExplicitDeny" else NO_ALLOW


def denied(pool: Pool, row: Row) -> Denied:
    """Raises Infra for a row that is no denial, or on which AWS's documentation is silent."""
    texts = {name: pool.documents[name] for name in row.documents}
    one = Denied(row, _decide(row, texts), texts, ())
    if one.decision.allowed or one.decision.open:
        raise Infra(f"a row of the group {row.group} is no denial, or rests on {', '.join(one.decision.open)}")
    found = (name for name in row.documents if kind(name) == one.layer and would_help(one, name, one.how))
    return Denied(row, one.decision, texts, tuple(found))


def kind(name: str) -> str:
    return KINDS[name.partition("-")[0]]


def would_help(one: Denied, name: str, how: str) -> bool:
    """Whether the request would go through, had this document one Allow more for it, or its Denies no more."""
    document = json.loads(one.texts[name])
    if how == DENY:
        document["Statement"] = [one for one in document["Statement"] if one["Effect"] == "Allow"]
    else:
        caller = one.decision.request.principal
        more: dict[str, Any] = {"Effect": "Allow", "Action": one.decision.request.action, "Resource": "*"}
        if kind(name) == "key-policy":
            more["Principal"] = {"AWS": caller.role_arn or caller.arn}
        document["Statement"] = [*document["Statement"], more]
    # A policy of nothing allows nothing: AWS knows none, so here it is one that speaks of something else.
    document["Statement"] = document["Statement"] or [
        {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*", "Principal": "*"}
    ]
    return _decide(one.row, {**one.texts, name: json.dumps(document)}).allowed


def misread(row: Row, said: dict[str, str]) -> str:
    """Why what was said is no answer, whatever the policies say."""
    change = said["change"]
    if change not in row.documents:
        return f'change = "{change}" is none of the documents that the row reads: {", ".join(row.documents)}.'
    if kind(change) != said["layer"]:
        return f"{change} is no {said['layer']}, and the change belongs where the reason lies."
    return ""


def wrong(one: Denied, said: dict[str, str]) -> str:
    """Why what was said does not hold, without a word on what does; empty where it holds."""
    change, how = said["change"], said["how"]
    if change in one.right and how == one.how:
        return ""
    request = one.decision.request
    who = (request.principal.role_arn or request.principal.arn).rpartition(":")[2]
    you = f"you say that {who} cannot call {request.action} because {change} "
    you += "denies it. " if how == DENY else "does not allow it. "
    if kind(change) == "bucket-policy":
        return (
            f"{you}S3 let it in, and asked KMS for {request.action}: that was refused. A bucket policy knows no keys."
        )
    own = [step for step in one.decision.trace if step.policy == change]
    denies = [step for step in own if step.effect == "Deny"]
    if how == DENY and not any(step.applies for step in denies):
        if not denies:
            return f"{you}There is no Deny in it."
        return f"{you}Its statement {denies[0].index + 1} is a Deny, and does not apply: {denies[0].reason}."
    if how == NO_ALLOW and would_help(one, change, how):
        return (
            f"{you}It leaves the say to the account's IAM policies, so it is not what lacks the Allow: naming one "
            "caller here would be the larger change."
        )
    allowing = next((step for step in own if step.applies and step.effect == "Allow"), None)
    if how == NO_ALLOW and allowing is not None:
        return (
            f"{you}Its statement {allowing.index + 1} does: {allowing.reason}. With one more Allow there the request "
            "would be refused all the same."
        )
    more = "Without its Deny" if how == DENY else "With an Allow for it there"
    return f"{you}{more} the request would be refused all the same."


def solved(one: Denied) -> str:
    """The reason, and the statement or the want of one, in the policy's own text."""
    request = one.decision.request
    who = (request.principal.role_arn or request.principal.arn).rpartition(":")[2]
    lines = [f"{who} asks for {request.action}", f"{one.layer}, {one.how}, {' or '.join(one.right)}"]
    reason, *following = explain(one.decision)[1:]
    lines += ["", reason]
    for step in one.decision.trace:
        if step.applies and step.effect == "Deny":
            lines += drawn(step)
    return "\n".join([*lines, *following])


def _decide(row: Row, texts: Mapping[str, str]) -> Decision:
    def of(word: str) -> Iterator[NamedPolicy]:
        for name, text in texts.items():
            if name.partition("-")[0] == word:
                yield NamedPolicy(name, parse_document(text))

    scps = tuple(of("scp"))
    documents = Documents(
        key_policy=next(of("key"), None),
        identity=tuple(of("iam")),
        boundary=next(of("boundary"), None),
        session=tuple(of("session")),
        scps=(scps,) if scps else (),
    )
    context = dict(row.given.get("context", {}))
    return decide(Request(Principal(row.given["caller"]), row.given["action"], row.given["key"], context), documents)
