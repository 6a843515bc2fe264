"""`kata policy prove`: one question about a key policy, answered for all requests. Whoever answers is policy/proof."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kms_katas.cli import KIT_FAILED, NOT_PASSED, PASSED, screen
from kms_katas.cli.policy.files import read_policy, shown
from kms_katas.kit import KitError
from kms_katas.policy import Decision, Documents, NamedPolicy, PolicyError, explain
from kms_katas.policy.cases import as_case
from kms_katas.policy.context import is_key, resource_account
from kms_katas.policy.likely_keys import likely_keys
from kms_katas.policy.proof import (
    STEPS,
    Callers,
    Counterexample,
    Proof,
    Relation,
    can_help_themselves,
    nobody_can,
    nobody_outside,
    redundant_statements,
    who_can,
)
from kms_katas.policy.proof.draft import EVERYTHING
from kms_katas.policy.proof.second import Prover, prove_with_both
from kms_katas.policy.telling import answer_data

PROOF_SCHEMA = "urn:kms-katas:proof:1"

Status = Literal["pass", "fail", "error"]
_EXIT: Mapping[Status, int] = {"pass": PASSED, "fail": NOT_PASSED, "error": KIT_FAILED}
_RELATIONS: Mapping[str, Relation] = {"at-most": "at most", "at-least": "at least", "same-as": "equivalent"}


@dataclass(frozen=True)
class Answer:
    """`sentence` is for people; `examples` are the requests that show it; `prover` is who came to it. An "error" is no
    answer, and nobody's."""

    status: Status
    sentence: str
    examples: tuple[Counterexample, ...] = ()
    prover: Prover = "partition"


@dataclass(frozen=True)
class Asked:
    """The policy, the key and how long a proof may be."""

    policy: NamedPolicy
    key_arn: str
    steps: int

    @property
    def documents(self) -> Documents:
        return Documents(self.policy)


def prove_policy(
    file: str, questions: Mapping[str, str | bool | None], key: str | None, steps: int | None, format: str
) -> int:
    """Answer the one question. The exit status: 0 proved, 1 refuted, 3 not decided."""
    if len(questions) != 1:
        raise KitError(
            "Ask one thing of the policy: --at-most B.json, --at-least B.json, --same-as B.json, --nobody-outside,"
            " --nobody-can ACTION, --somebody-can ACTION, --no-self-help, --all-needed or --who-can ACTION."
        )
    ((question, value),) = questions.items()
    policy = read_policy(file)
    asked = Asked(policy, _key(key, policy, shown(file)), steps or STEPS)
    try:
        if question in _RELATIONS:
            other = read_policy(str(value))
            answer = _related(asked, other, _RELATIONS[question])
        else:
            other = None
            answer = _ABOUT_ONE[question](asked, str(value))
    except PolicyError as error:
        raise KitError(f"--{question}: {error}") from None
    if format == "json":
        print(json.dumps(_data(question, asked, answer), indent=2))
    else:
        _show(asked, other, answer, told_key=key is not None)
    return _EXIT[answer.status]


def _related(asked: Asked, other: NamedPolicy, relation: Relation) -> Answer:
    sides = asked.documents, Documents(other)
    proof, prover = prove_with_both(relation, *sides, key_arn=asked.key_arn, steps=asked.steps)
    a, b = asked.policy.name, other.name
    proved = {
        "at most": f"whatever {a} allows, {b} allows as well.",
        "at least": f"whatever {b} allows, {a} allows as well.",
        "equivalent": f"{a} and {b} allow the same requests.",
    }
    if proof.counterexample is None:
        return _of(proof, proved[relation], "", prover)
    shows = proof.counterexample
    does, does_not = (a, b) if shows.first.allowed else (b, a)
    told = f"{does} lets {shows.request.principal.arn} do {shows.request.action}, {does_not} does not."
    return _of(proof, proved[relation], told, prover)


def _of(proof: Proof, proved: str, refuted: str, prover: Prover | None = "partition") -> Answer:
    if proof.verdict == "undecided" or prover is None:
        return Answer("error", proof.reason)
    by = ", by z3" if prover == "z3" else ""
    if proof.counterexample is None:
        return Answer("pass", f"Proved{by}: {proved}", (), prover)
    return Answer("fail", f"Refuted{by}: {refuted}", (proof.counterexample,), prover)


def _outside(asked: Asked, _: str) -> Answer:
    proof = nobody_outside(asked.documents, key_arn=asked.key_arn, steps=asked.steps)
    account = resource_account(asked.key_arn)
    return _of(
        proof,
        f"nobody outside account {account} can do anything with the key.",
        f"{_who(proof)} of another account than {account} can do {_what(proof)}.",
    )


def _nobody(asked: Asked, action: str) -> Answer:
    proof = nobody_can(asked.documents, action, key_arn=asked.key_arn, steps=asked.steps)
    return _of(proof, f"nobody can do {action}.", f"{_who(proof)} can do {action}.")


def _somebody(asked: Asked, action: str) -> Answer:
    proof = nobody_can(asked.documents, action, key_arn=asked.key_arn, steps=asked.steps)
    if proof.verdict == "undecided":
        return Answer("error", proof.reason)
    if proof.counterexample is None:
        return Answer("fail", f"Refuted: nobody at all can do {action}.")
    return Answer("pass", f"Proved: {_who(proof)} can do {action}.", (proof.counterexample,))


def _no_self_help(asked: Asked, _: str) -> Answer:
    able = can_help_themselves(asked.documents, key_arn=asked.key_arn, steps=asked.steps)
    if able.examples:
        first = able.examples[0].request
        told = f"{first.principal.arn} cannot do kms:Decrypt, and can get it with {first.action}."
        return Answer("fail", f"Refuted: {told}", able.examples)
    if able.reason is not None:
        return Answer("error", able.reason)
    return Answer("pass", "Proved: nobody who lacks kms:Decrypt can give it to themselves.")


def _all_needed(asked: Asked, _: str) -> Answer:
    proofs = redundant_statements(asked.policy, key_arn=asked.key_arn, steps=asked.steps)
    idle = [asked.policy.statements[index].ref for index, proof in proofs if proof.verdict == "proved"]
    if idle:
        which = " and ".join(f"statement {one.index + 1} (line {one.line})" for one in idle)
        either = " Leave out one at a time: two may say the same." if len(idle) > 1 else ""
        return Answer("fail", f"Refuted: the policy says the same without {which}.{either}")
    if undecided := next((proof for _, proof in proofs if proof.verdict == "undecided"), None):
        return Answer("error", undecided.reason)
    return Answer("pass", "Proved: without any one of its statements the policy says something else.")


def _who_can(asked: Asked, action: str) -> Answer:
    able: Callers = who_can(asked.documents, action, key_arn=asked.key_arn, steps=asked.steps)
    if able.reason is not None:
        return Answer("error", f"{able.reason} The list may lack some.", able.examples)
    many = screen.count(len(able.examples), "kind") + " of callers" if able.examples else "nobody"
    return Answer("pass", f"{many[0].upper()}{many[1:]} can do {action}.", able.examples)


_ABOUT_ONE: Mapping[str, Callable[[Asked, str], Answer]] = {
    "nobody-outside": _outside,
    "nobody-can": _nobody,
    "somebody-can": _somebody,
    "no-self-help": _no_self_help,
    "all-needed": _all_needed,
    "who-can": _who_can,
}


def _who(proof: Proof) -> str:
    return proof.counterexample.request.principal.arn if proof.counterexample else ""


def _what(proof: Proof) -> str:
    return proof.counterexample.request.action if proof.counterexample else ""


def _data(question: str, asked: Asked, answer: Answer) -> dict[str, Any]:
    return {
        "schema": PROOF_SCHEMA,
        "question": question,
        "key": asked.key_arn,
        "status": answer.status,
        "sentence": answer.sentence,
        "prover": None if answer.status == "error" else answer.prover,
        "examples": [
            as_case(one.request, EVERYTHING if one.identity_allows else None)
            | {"first": answer_data(one.first), "second": answer_data(one.second)}
            for one in answer.examples
        ],
    }


def _show(asked: Asked, other: NamedPolicy | None, answer: Answer, told_key: bool) -> None:
    colour = {"pass": "bold green", "fail": "bold red", "error": "bold yellow"}[answer.status]
    screen.say(answer.sentence, colour)
    for example in answer.examples:
        for line in _lines(example):
            screen.say(f"  {line}")
        if other is not None:
            screen.say(f"  Under {asked.policy.name}: {_answer_of(example.first)}")
            screen.say(f"  Under {other.name}: {_answer_of(example.second)}")
        else:
            screen.say(f"  {_answer_of(example.first)}")
    if not told_key:
        account = resource_account(asked.key_arn)
        screen.say(f"The key was taken to be one of account {account}; --key ARN says otherwise.", "dim")


def _lines(example: Counterexample) -> Iterator[str]:
    """The request, a line for each thing that it carries."""
    case = as_case(example.request)
    yield f"{case['principal']['arn']} asks for {case['request']['action']}"
    for name, value in case["principal"].get("tags", {}).items():
        yield f"  with the tag {name}={value}"
    for name, value in case["request"].get("encryptionContext", {}).items():
        yield f"  with {name}={value} in the encryption context"
    for name, value in case["request"]["context"].items():
        yield f"  with {name} = {', '.join(value) if isinstance(value, list) else value}"
    if example.identity_allows:
        yield "  with an identity policy that allows everything in KMS"


def _answer_of(decision: Decision) -> str:
    """Why; of what is allowed between two accounts also which statement of the key policy lets it in."""
    why = explain(decision)[1:]
    return " ".join(why) if decision.allowed else why[0]


def _key(given: str | None, policy: NamedPolicy, name: str) -> str:
    """The key that the proof is about: the one given, or the only one that the policy may belong to."""
    if given is not None:
        if not is_key(given):
            raise KitError(f"--key {given} is not the ARN of a KMS key.")
        return given
    keys = likely_keys(policy.document)
    if len(keys) != 1:
        accounts = sorted({str(resource_account(key)) for key in keys})
        found = f"{name} names the accounts {' and '.join(accounts)}" if accounts[1:] else f"{name} names no account"
        if len(accounts) == 1:
            found = f"{name} names {len(keys)} keys"
        raise KitError(f"Say which key the policy belongs to, with --key ARN: {found}.")
    return keys[0]
