"""Puts the condition keys of KMS into docs/reference/condition-keys.md, from the table that lint and proof go by.

`python docs/assets/condition_keys_page.py` puts them in anew; a test fails when the page and the table no longer agree.
What a key is for stands here, the text around the tables is written by hand on the page.
"""

import re
from pathlib import Path

from kms_katas.policy.kms_table import ConditionKey, condition_keys, permissions

PAGE = Path(__file__).parents[1] / "reference" / "condition-keys.md"

OF_KMS = {
    "kms:BypassPolicyLockoutSafetyCheck": (
        "Deny it where it is true, and nobody skips the lockout check. ReplicateKey has the parameter too; AWS lists "
        "no condition key there."
    ),
    "kms:CallerAccount": (
        "The account of the caller. With Principal `*` it opens a key to one account, as the policies of AWS managed "
        "keys do."
    ),
    "kms:CustomerMasterKeySpec": "The old name of `kms:KeySpec`.",
    "kms:CustomerMasterKeyUsage": "The old name of `kms:KeyUsage`.",
    "kms:DataKeyPairSpec": "Which kinds of data key pairs may be made.",
    "kms:EncryptionAlgorithm": "Which algorithm a request may use.",
    "kms:EncryptionContext:": (
        "One pair of the encryption context: the part after the colon is its name, in any case of letters; the value "
        "counts as it is written. No set operator here: KMS refuses ForAllValues. For CreateGrant it is the pair in "
        "the grant's constraint. [More](../learn/key-policies/context-conditions.md)"
    ),
    "kms:EncryptionContextKeys": (
        "All names of the encryption context. ForAllValues is also true for an empty one: add `Null` where the "
        "context must be there. [More](../learn/key-policies/context-conditions.md)"
    ),
    "kms:ExpirationModel": "Whether imported material may be of the kind that does not expire.",
    "kms:GrantConstraintSourceArn": "The ARN in the SourceArn constraint of the new grant.",
    "kms:GrantConstraintType": (
        "Whether the new grant has to have a constraint: EncryptionContextEquals or EncryptionContextSubset."
    ),
    "kms:GrantIsForAWSResource": (
        "True where a service that is integrated with KMS asks on behalf of the caller. It does not say which: add "
        "`kms:ViaService`."
    ),
    "kms:GrantOperations": "The operations of the new grant. ForAllValues:StringEquals caps them.",
    "kms:GranteePrincipal": "To whom the new grant is given.",
    "kms:GranteeServicePrincipal": "To which AWS service the new grant is given.",
    "kms:KeyAgreementAlgorithm": "ECDH is the only value so far.",
    "kms:KeyOrigin": "Where the material comes from: AWS_KMS, EXTERNAL, AWS_CLOUDHSM or EXTERNAL_KEY_STORE.",
    "kms:KeySpec": "What kind of key it is, such as SYMMETRIC_DEFAULT or RSA_4096.",
    "kms:KeyUsage": (
        "What the key is for: ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT or "
        "ENCAPSULATE_DECAPSULATE."
    ),
    "kms:MacAlgorithm": "Which algorithm a request may use.",
    "kms:MessageType": "Whether the message itself (RAW) or its digest is signed.",
    "kms:MultiRegion": "Whether it is a multi-Region key.",
    "kms:MultiRegionKeyType": "PRIMARY or REPLICA.",
    "kms:PolicyName": "`default`, or `AWS_RAM` for the policy that AWS RAM writes.",
    "kms:PrimaryRegion": "Which Region may become the one of the primary key.",
    "kms:ReEncryptOnSameKey": "True where source and destination are the same key.",
    "kms:RecipientAttestation:ImageSha384": "Which image of a Nitro enclave asks. No request of the lab has it.",
    "kms:RecipientAttestation:PCR": "One measurement of the enclave, PCR0 to PCR31. No request of the lab has it.",
    "kms:RecipientAttestation:NitroTPMPCR": (
        "One measurement of an instance with NitroTPM, NitroTPMPCR0 to NitroTPMPCR23. No request of the lab has it."
    ),
    "kms:ReplicaRegion": "To which Regions a key may be replicated.",
    "kms:RequestAlias": (
        "The alias by which the request names the key. A request by key ID does not have it, and an Allow with it "
        "does not hold then."
    ),
    "kms:ResourceAliases": (
        "The aliases of the key, however the request names it. It counts in IAM policies only, and a changed alias up"
        " to five minutes later. [More](../learn/key-policies/abac.md)"
    ),
    "kms:RetiringPrincipal": "Who may retire the new grant.",
    "kms:RetiringServicePrincipal": "Which AWS service may retire the new grant.",
    "kms:RotationPeriodInDays": "The period of automatic rotation that is asked for.",
    "kms:ScheduleKeyDeletionPendingWindowInDays": (
        "The waiting period that is asked for. Deny NumericLessThan 30 to give everybody time to notice."
    ),
    "kms:SigningAlgorithm": "Which algorithm a request may use.",
    "kms:TrailingDaysWithoutKeyUsage": (
        "How long ago the last use of the key is. Deny where it is too short, and no key in use is disabled or deleted."
    ),
    "kms:ValidTo": "When imported material expires.",
    "kms:ViaService": (
        "Which service asks on behalf of the caller, such as `s3.eu-west-1.amazonaws.com`; EBS is `ec2`. It narrows a"
        " permission and gives the service none. [More](../learn/key-policies/via-service.md)"
    ),
    "kms:WrappingAlgorithm": "How imported material has to be wrapped.",
    "kms:WrappingKeySpec": "How long the wrapping key has to be.",
    "aws:RequestTag/": "A tag that the request puts on the key; the part after the slash is its name.",
    "aws:ResourceTag/": (
        "A tag of the key. It counts in IAM policies only, and a changed tag up to five minutes later. "
        "[More](../learn/key-policies/abac.md)"
    ),
    "aws:TagKeys": "The names of all tags that the request puts on the key or takes off it.",
}
"""Condition key -> what it is for. A family of numbered keys has one line."""

OF_ALL_SERVICES = {
    "aws:PrincipalArn": "The caller; of a session its role.",
    "aws:PrincipalAccount": "The caller's account.",
    "aws:PrincipalOrgID": (
        "The caller's organization. AWS services have none. [More](../learn/key-policies/org-only.md)"
    ),
    "aws:PrincipalOrgPaths": "The caller's place in its organization.",
    "aws:PrincipalTag/": "A tag of the caller. [More](../learn/key-policies/abac.md)",
    "aws:PrincipalType": "Account for the root user, User, AssumedRole and so on.",
    "aws:PrincipalIsAWSService": "True where an AWS service calls for itself.",
    "aws:PrincipalServiceName": "The name of that service.",
    "aws:MultiFactorAuthPresent": "Whether the session was made with MFA. Long-term access keys do not have it.",
    "aws:SourceArn": (
        "For which resource an AWS service calls for itself. Without it others can use the service against you. "
        "[More](../learn/key-policies/confused-deputy.md)"
    ),
    "aws:SourceAccount": "For which account.",
    "aws:SourceOrgID": "For which organization.",
    "aws:SourceIp": "The caller's address. A Deny on it may also hit what services ask on behalf of the caller.",
    "aws:SourceVpce": "The VPC endpoint through which the request came.",
    "aws:SourceVpc": "The VPC of that endpoint.",
    "aws:ViaAWSService": "True where a service asks on behalf of the caller. Exempts them from a Deny on addresses.",
    "aws:CalledVia": "Which services asked one another, first to last.",
    "aws:RequestedRegion": "The Region that is asked.",
    "aws:ResourceAccount": "The account of the key.",
    "aws:ResourceOrgID": "The organization of that account. [More](../learn/guardrails/rcp-perimeter.md)",
    "aws:SecureTransport": "Whether TLS is used. KMS takes nothing else.",
}
"""Those of AWS's global condition keys that key policies use."""

_NUMBERED = re.compile(r"(kms:RecipientAttestation:(?:NitroTPM)?PCR)\d+")


def page() -> str:
    """The page as it should be: the text that is there, with the tables of now."""
    text = PAGE.read_text("utf-8")
    for name, table in (("keys of KMS", of_kms()), ("keys of all services", of_all_services())):
        place = re.compile(f"(<!-- {name} -->\n).*(<!-- end of {name} -->)", re.DOTALL)
        text = place.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", text)
    return text


def of_kms() -> str:
    """A section for each, so that it can be linked to and read on a phone."""
    known = {family(key.name): key for key in condition_keys()}
    parts = []
    for name, text in OF_KMS.items():
        parts += [
            f"### `{shown(name)}`",
            f"**{kind(known[name])}**, in requests for {in_requests_for(known[name])}.",
            text,
        ]
    return "\n\n".join(parts)


def of_all_services() -> str:
    known = {key.name: key for key in condition_keys()}
    others = sorted(set(known) - set(OF_ALL_SERVICES) - set(OF_KMS) - {key for key in known if key.startswith("kms:")})
    lines = ["| condition key | type | what it is for |", "|---|---|---|"]
    lines += [f"| `{shown(name)}` | {kind(known[name])} | {text} |" for name, text in OF_ALL_SERVICES.items()]
    return "\n".join([*lines, "", f"The others: {', '.join(f'`{name}`' for name in others)}."])


def family(name: str) -> str:
    """The line of a key: its name, without the number that many of one family have."""
    numbered = _NUMBERED.fullmatch(name)
    return numbered[1] if numbered else name


def shown(name: str) -> str:
    return name + {":": "NAME", "/": "TAG", "R": "N"}.get(name[-1] if name in _OPEN else "", "")


_OPEN = {name for name in OF_KMS | OF_ALL_SERVICES if name[-1] in ":/"} | {
    "kms:RecipientAttestation:PCR",
    "kms:RecipientAttestation:NitroTPMPCR",
}


def kind(key: ConditionKey) -> str:
    return f"{key.type}, many values" if key.many else key.type


def in_requests_for(key: ConditionKey) -> str:
    """The permissions by name; for nearly all of those on a key, what they lack and what comes on top."""
    holding = {one.name.removeprefix("kms:") for one in permissions().values() if key.name.lower() in one.keys}
    on_a_key = {one.name.removeprefix("kms:") for one in permissions().values() if one.on_a_key}
    if len(on_a_key & holding) < len(on_a_key) - 5:
        return ", ".join(sorted(holding)) or "nothing any more"
    words = "everything on a key"
    if lacking := on_a_key - holding:
        words += f" but {', '.join(sorted(lacking))}"
    if more := holding - on_a_key:
        words += f", and {', '.join(sorted(more))}"
    return words


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
