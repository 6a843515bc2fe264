"""`kata policy explain`: one request, and why it is allowed or denied. It comes from options or from a case."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kms_katas.cli import NOT_PASSED, PASSED, complain, screen
from kms_katas.cli.policy.files import read_policy, read_text, shown
from kms_katas.kit import KitError
from kms_katas.policy import (
    Decision,
    Documents,
    Grant,
    NamedPolicy,
    PolicyError,
    Principal,
    Request,
    decide,
    denial_message,
    explain,
)
from kms_katas.policy.cases import Case, Unreadable, encryption_context_keys, read_cases, read_grants
from kms_katas.policy.context import resource_account
from kms_katas.policy.kms_table import condition_key, permissions
from kms_katas.reports.public import safe


@dataclass(frozen=True)
class Asked:
    """The options of the command: files by the option's name, and what the request says."""

    files: Mapping[str, Sequence[str]]
    principal: str | None
    role_arn: str | None
    tags: Sequence[str]
    action: str | None
    resource: str | None
    context: Sequence[str]
    pairs: Sequence[str]

    @property
    def is_empty(self) -> bool:
        said = (self.principal, self.role_arn, self.action, self.resource, *self.context, *self.pairs, *self.tags)
        return not any(said) and not any(self.files.values())


def explain_request(file: str | None, id: str | None, asked: Asked, format: str) -> int:
    """Decide it and say why. The exit status is 0 whatever is decided; 1 where the case expects something else, or has
    a field that nobody knows."""
    if file is not None and not asked.is_empty:
        raise KitError("Give a file with a case, or the options that describe a request, not both.")
    if file is None:
        request = _request(asked)
        _show(decide(request, _documents(asked.files, request.resource)), format)
        return PASSED
    case = _case(file, id)
    decision = case.decide()
    _show(decision, format)
    remarks = list(case.notes)
    if case.expected and not case.expected.fits(decision):
        expected = "Allow" if case.expected.allowed else "Deny"
        kind = f", {case.expected.kind}" if case.expected.kind else ""
        remarks.append(f"The file expects {expected}{kind}; this is {decision.kind}.")
    for remark in remarks:
        # Beside the answer, which a program may read.
        complain(f"{case.id}: {remark}")
    return NOT_PASSED if remarks else PASSED


def _show(decision: Decision, format: str) -> None:
    from kms_katas.policy.telling import as_markdown, decision_data

    if format == "json":
        print(json.dumps(decision_data(decision), indent=2))
    elif format == "markdown":
        print(safe(as_markdown(decision)))
    else:
        asked, answer, *more = explain(decision)
        screen.say(asked)
        screen.say(answer, "bold green" if decision.allowed else "bold red")
        for line in more:
            screen.say(line, "yellow" if line.startswith("Open") else "")
        if not decision.allowed:
            screen.say(f"AWS says: {denial_message(decision)}", "dim")


def _case(file: str, id: str | None) -> Case:
    try:
        entries = read_cases(read_text(file))
    except PolicyError as error:
        raise KitError(f"{shown(file)}: {error}") from None
    chosen = [entry for entry in entries if id in (None, entry.id)]
    if not chosen:
        raise KitError(f"{shown(file)} has no case {id}. `{screen.command(f'policy decide {file}')}` lists them.")
    if len(chosen) > 1 and id is not None:
        raise KitError(f"{shown(file)} has {len(chosen)} cases with the id {id}. Give each its own.")
    if len(chosen) > 1:
        raise KitError(f"{shown(file)} has {len(chosen)} cases: say which one with --id, such as --id {chosen[0].id}.")
    if isinstance(chosen[0], Unreadable):
        raise KitError(f"{shown(file)}, case {chosen[0].id}: {chosen[0].sentence}")
    return chosen[0]


def _request(asked: Asked) -> Request:
    lacking = {"--principal ARN": asked.principal, "--action kms:NAME": asked.action, "--key ARN": asked.resource}
    missing = [name for name, value in lacking.items() if not value]
    if missing or not (asked.principal and asked.action and asked.resource):
        raise KitError(f"Say what is asked for: {' and '.join(missing)} {'are' if missing[1:] else 'is'} missing.")
    action, resource = asked.action, asked.resource
    if action.lower() not in permissions():
        known = (
            "ReEncrypt is two permissions, kms:ReEncryptFrom and kms:ReEncryptTo. "
            if "reencrypt" in action.lower()
            else ""
        )
        raise KitError(f"--action {action} is no permission of KMS. {known}Write it as in kms:Decrypt.")
    if resource != "*" and resource_account(resource) is None:
        raise KitError(f'--key {resource} is neither the ARN of a key or an alias, nor "*" for what is about no key.')
    pairs = dict(_pair(word, "--encryption-context") for word in asked.pairs)
    carried = encryption_context_keys(action, pairs)
    if pairs and not carried:
        raise KitError(f"{permissions()[action.lower()].name} takes no encryption context.")
    try:
        caller = Principal(asked.principal, asked.role_arn, dict(_pair(word, "--tag") for word in asked.tags))
    except PolicyError as error:
        raise KitError(f"--principal: {error}") from None
    return Request(caller, action, resource, {**carried, **_context(asked.context)})


def _context(words: Sequence[str]) -> dict[str, str | tuple[str, ...]]:
    """Condition keys; one given several times, or one that is made for several values, is a list."""
    values: dict[str, list[str]] = {}
    for name, value in (_pair(word, "--context") for word in words):
        if ":" not in name:
            raise KitError(
                f"--context {name}: a condition key has a prefix, as in kms:ViaService. For a pair of the encryption"
                f" context write --encryption-context {name}={value}."
            )
        values.setdefault(name, []).append(value)
    many = {name for name in values if (known := condition_key(name)) is not None and known.many}
    return {name: tuple(given) if len(given) > 1 or name in many else given[0] for name, given in values.items()}


def _pair(word: str, option: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not sign or not name:
        raise KitError(f"{option} {word}: write it as NAME=VALUE.")
    return name, value


def _documents(files: Mapping[str, Sequence[str]], resource: str) -> Documents:
    def one(name: str) -> NamedPolicy | None:
        return read_policy(files[name][0]) if files[name] else None

    def each(name: str) -> tuple[NamedPolicy, ...]:
        return tuple(map(read_policy, files[name]))

    return Documents(
        key_policy=one("key-policy"),
        identity=each("identity"),
        grants=tuple(grant for word in files["grants"] for grant in _grants(word, resource)),
        boundary=one("boundary"),
        session=each("session"),
        scps=tuple((policy,) for policy in each("scp")),
        rcps=tuple((policy,) for policy in each("rcp")),
        vpc_endpoint=one("endpoint"),
    )


def _grants(word: str, resource: str) -> tuple[Grant, ...]:
    try:
        return read_grants(read_text(word), resource)
    except PolicyError as error:
        raise KitError(f"{shown(word)}: {error}") from None
