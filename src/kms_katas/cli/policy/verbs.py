"""The verbs of `kata policy` and their arguments. What each does is in the module that its function imports."""

from typing import Annotated, Literal

import typer

policy = typer.Typer(
    help="Decide, explain, compare, prove and lint policies.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Format = Annotated[Literal["text", "json"], typer.Option("--format", help="For people or for programs.")]
Steps = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", min=1, help="How long a proof may be. More takes longer and decides more."),
]


def _file_option(name: str, about: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(name, metavar="FILE", help=about)
    return option


@policy.command()
def decide(
    cases: Annotated[str, typer.Argument(metavar="CASES.json", help="Requests with their policies; - is stdin.")],
    format: Format = "text",
) -> int:
    """Decide every request of a file.

    Each is allowed or denied, by which layer and statement. Exit status 1 where the file expects something else.
    """
    from kms_katas.cli.policy import decide as deciding

    return deciding.decide(cases, format)


@policy.command()
def explain(
    case: Annotated[
        str | None, typer.Argument(metavar="CASE.json", help="A file with a case; else describe it by options.")
    ] = None,
    id: Annotated[str | None, typer.Option("--id", metavar="ID", help="Which case of the file.")] = None,
    key_policy: Annotated[str | None, _file_option("--key-policy", "The key policy.")] = None,
    identity: Annotated[
        list[str] | None, _file_option("--identity", "A policy of the caller: inline, managed, or of a group. Repeat.")
    ] = None,
    grants: Annotated[
        list[str] | None, _file_option("--grants", "The key's grants, as `aws kms list-grants` prints them.")
    ] = None,
    boundary: Annotated[str | None, _file_option("--boundary", "The caller's permissions boundary.")] = None,
    session: Annotated[list[str] | None, _file_option("--session", "A session policy. Repeat.")] = None,
    scp: Annotated[
        list[str] | None, _file_option("--scp", "A service control policy. Repeat, one a level, the root first.")
    ] = None,
    rcp: Annotated[list[str] | None, _file_option("--rcp", "A resource control policy. Repeat likewise.")] = None,
    endpoint: Annotated[
        str | None, _file_option("--endpoint", "The policy of the VPC endpoint that the request came through.")
    ] = None,
    principal: Annotated[
        str | None,
        typer.Option("--principal", metavar="ARN", help="Who asks: a user, a session, a role, a root user, a service."),
    ] = None,
    role_arn: Annotated[
        str | None, typer.Option("--role-arn", metavar="ARN", help="The role of a session, where it has a path.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="A tag of the principal. Repeat.")
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", metavar="ACTION", help="What is asked for, such as kms:Decrypt.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="ARN", help='On what: the ARN of a key or an alias, or "*".')
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="KEY=VALUE", help="A condition key, such as kms:ViaService. Repeat."),
    ] = None,
    encryption_context: Annotated[
        list[str] | None,
        typer.Option("--encryption-context", metavar="NAME=VALUE", help="A pair of the encryption context. Repeat."),
    ] = None,
    format: Annotated[
        Literal["text", "json", "markdown"], typer.Option("--format", help="For people, programs or pages.")
    ] = "text",
) -> int:
    """Say why a request is allowed or denied.

    For a denial also what nearly allowed it, one next step, and AWS's own words.
    """
    from kms_katas.cli.policy.explain import Asked, explain_request

    files = {
        "key-policy": [key_policy] if key_policy else [],
        "identity": identity or [],
        "grants": grants or [],
        "boundary": [boundary] if boundary else [],
        "session": session or [],
        "scp": scp or [],
        "rcp": rcp or [],
        "endpoint": [endpoint] if endpoint else [],
    }
    asked = Asked(files, principal, role_arn, tag or [], action, key, context or [], encryption_context or [])
    return explain_request(case, id, asked, format)


@policy.command()
def compare(
    pairs: Annotated[str, typer.Argument(metavar="PAIRS.json", help="Pairs of key policies; - is stdin.")],
    steps: Steps = None,
    format: Format = "text",
) -> int:
    """Compare pairs of key policies.

    Is all that policy A allows allowed by policy B, whoever asks and whatever the request carries?
    """
    from kms_katas.cli.policy import decide as deciding

    return deciding.compare(pairs, steps, format)


@policy.command()
def prove(
    file: Annotated[str, typer.Argument(metavar="A.json", help="A key policy; - is stdin.")],
    at_most: Annotated[str | None, _file_option("--at-most", "A allows no more than this policy.")] = None,
    at_least: Annotated[str | None, _file_option("--at-least", "A allows no less than this policy.")] = None,
    same_as: Annotated[str | None, _file_option("--same-as", "A allows just what this policy allows.")] = None,
    nobody_outside: Annotated[
        bool, typer.Option("--nobody-outside", help="Nobody of another account can do anything with the key.")
    ] = False,
    nobody_can: Annotated[
        str | None, typer.Option("--nobody-can", metavar="ACTION", help="Nobody at all can do this.")
    ] = None,
    somebody_can: Annotated[
        str | None,
        typer.Option("--somebody-can", metavar="ACTION", help="Not all are locked out: try kms:PutKeyPolicy."),
    ] = None,
    no_self_help: Annotated[
        bool, typer.Option("--no-self-help", help="Nobody without kms:Decrypt can give it to themselves.")
    ] = False,
    all_needed: Annotated[
        bool, typer.Option("--all-needed", help="No statement could be left out without a change.")
    ] = False,
    who_can: Annotated[str | None, typer.Option("--who-can", metavar="ACTION", help="Show who can do this.")] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="ARN", help="The key. Default: one of the account that A names.")
    ] = None,
    steps: Steps = None,
    format: Format = "text",
) -> int:
    """Prove something of a key policy.

    For every caller and request there can be; or show one that refutes it. Exit status 0 proved, 1 refuted, 3 not
    decided. Callers may have any identity policies.
    """
    from kms_katas.cli.policy import prove as proving

    questions: dict[str, str | bool | None] = {
        "at-most": at_most,
        "at-least": at_least,
        "same-as": same_as,
        "nobody-outside": nobody_outside,
        "nobody-can": nobody_can,
        "somebody-can": somebody_can,
        "no-self-help": no_self_help,
        "all-needed": all_needed,
        "who-can": who_can,
    }
    return proving.prove_policy(file, {name: value for name, value in questions.items() if value}, key, steps, format)


@policy.command()
def lint(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Policies; - is stdin.")],
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="ARN", help="The key of the key policy: then other keys and accounts are told."),
    ] = None,
    kind: Annotated[
        Literal["key-policy", "identity-policy", "service-control-policy", "resource-control-policy"],
        typer.Option("--kind", help="What the policies are."),
    ] = "key-policy",
    proofs: Annotated[
        bool, typer.Option("--proofs", help="Also prove of key policies what no look tells: S1 to S7.")
    ] = False,
    format: Annotated[
        Literal["text", "json", "sarif"], typer.Option("--format", help="For people, programs or code scanning.")
    ] = "text",
) -> int:
    """Find faults and risks in the text of policies.

    Exit status 1 where there is an error or a warning; suggestions alone leave it at 0.
    """
    from kms_katas.cli.policy import lint as linting

    return linting.lint(files, key, kind, proofs, format)
