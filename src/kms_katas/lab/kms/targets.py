"""The step that finds what a request is about and which permissions it needs.

It finds only; whether the caller may is the next step's matter. One thing it makes: the AWS managed key of a predefined
alias that is described for the first time, for there has to be a key to ask the permission on. Identifier forms and
texts: recorded errors where there is one (unknown key, malformed key ID, ARN of another Region, alias where KMS takes
none). Doubtful are the text for a malformed ARN, and the code for a ciphertext whose key is gone or in another Region.
"""

import re

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.aws_managed import PREDEFINED
from kms_katas.lab.kms.ciphertext import locator_of
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.grants import Grant
from kms_katas.lab.kms.keys import Alias, Key
from kms_katas.lab.kms.models import KeyStore, ever_known, store_of, stores_in
from kms_katas.lab.kms.request import has_error
from kms_katas.lab.kms.specs import SYMMETRIC
from kms_katas.lab.kms.work import Check, Operation, Target, Work

INCORRECT_KEY = "The key ID in the request does not identify a CMK that can perform this operation."


class NoSuchResource(KMSError):
    """NotFoundException for a key or an alias that is not in its account."""

    def __init__(self, account: str, arn: str, message: str) -> None:
        super().__init__("NotFoundException", message)
        self.account = account
        self.arn = arn


_KEY_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")
_ARN = re.compile(r"arn:(aws[a-z-]*):kms:([a-z0-9-]+):([0-9]{12}):(key/.+|alias/.+)")


def find_target(work: Work, operation: Operation) -> Target:
    """The target with its checks. Raises NotFoundException and its kin."""
    action = f"kms:{work.operation}"
    if operation.target == "account":
        # ListRetirableGrants is asked for on the principal (botocore op:ListRetirableGrants, Required permissions).
        checks = [Check(action, work.parameters.get("RetiringPrincipal", "*"))]
        if work.operation == "CreateKey" and work.parameters.get("Tags"):
            checks.append(Check("kms:TagResource", "*"))  # botocore op:CreateKey, Required permissions
        return Target(checks=tuple(checks))
    if operation.target == "alias":
        return _alias_target(work, action)
    if work.operation == "RetireGrant":
        return _grant_target(work, action)
    if work.operation == "ReEncrypt":
        source, from_source = _opener(work, "SourceKeyId", "kms:ReEncryptFrom")
        key, to_key = _find_and_check(work, work.parameters["DestinationKeyId"], True, "kms:ReEncryptTo")
        return Target(key, source=source, checks=(from_source, to_key))
    if work.operation == "Decrypt":
        key, check = _opener(work, "KeyId", action)
    else:
        key, check = _find_and_check(work, work.parameters["KeyId"], operation.by_alias, action)
    return Target(key, checks=(check, *_in_another_region(work, key)))


def _in_another_region(work: Work, key: Key | None) -> list[Check]:
    """What ReplicateKey and UpdatePrimaryRegion need beside the permission on the primary key (botocore, Required
    permissions).
    """
    if work.operation == "ReplicateKey":
        actions = ["kms:CreateKey"] + ["kms:TagResource"] * bool(work.parameters.get("Tags"))
        return [Check(action, "*", region=work.parameters["ReplicaRegion"]) for action in actions]
    if work.operation == "UpdatePrimaryRegion" and key is not None and key.family is not None:
        replica = key.family.members.get(work.parameters["PrimaryRegion"])
        if replica is not None and replica is not key:
            return [Check("kms:UpdatePrimaryRegion", replica.arn, replica, region=replica.region)]
    return []


def _opener(work: Work, parameter: str, action: str) -> tuple[Key | None, Check]:
    """The key to open a ciphertext with: the one that `parameter` names, else the one that the ciphertext names."""
    key = _key_that_sealed(work, parameter, action)
    if key is not None and work.parameters.get(parameter, key.id) == key.id:
        return key, Check(action, key.arn, key)
    if key is not None and work.parameters[parameter] in {one.arn for one in key.related if one is not key}:
        # Recorded (see operations/multi_region.py), where other operations do not find an ARN of another Region.
        raise KMSError("IncorrectKeyException", INCORRECT_KEY)
    return _find_and_check(work, work.parameters[parameter], True, action)


def _find_and_check(work: Work, identifier: str, aliases_too: bool, action: str) -> tuple[Key | None, Check]:
    """The key and the permission to ask for. No key when it would be another account's and does not exist."""
    try:
        key, named_alias = find_key(work, identifier, aliases_too)
    except NoSuchResource as missing:
        if not setting.current.enforce or missing.account == work.account:
            raise
        return None, Check(action, missing.arn, absent=True)
    return key, Check(action, key.arn, key, named_alias=named_alias)


def find_key(work: Work, identifier: str, aliases_too: bool) -> tuple[Key, str | None]:
    """The key, and the alias name if the identifier was one.

    Plain names belong to the caller's account, ARNs to the account they name.
    """
    account, name, is_alias, partition = work.account, identifier, identifier.startswith("alias/"), None
    if identifier.startswith("arn:"):
        parts = _ARN.fullmatch(identifier)
        if parts is None:
            raise KMSError(_malformed_arn(work), f"Invalid arn {identifier}")
        partition, region, account, name = parts.groups()
        if region != work.region:
            raise KMSError("NotFoundException", f"Invalid arn {region}")
        is_alias = name.startswith("alias/")  # key/alias/NAME is the ARN of nothing (mql, pull request 10108)
        name = name.removeprefix("key/")
    store = store_of(account, work.region, work.now)
    if partition not in (None, store.partition):
        raise KMSError(_malformed_arn(work), f"Invalid arn {identifier}")
    if is_alias and not aliases_too:
        # Recorded for the five rotation operations (see operations/rotation.py); taken for the others too.
        raise KMSError(_malformed_arn(work), "Key Aliases are not supported for this operation.")
    if is_alias:
        unmade = name in PREDEFINED and name not in store.aliases
        if work.operation == "DescribeKey" and account == work.account and unmade:
            store.create_alias(store.new_key(work.now).id, name)
        return store.keys[find_alias(store, name).key_id], name
    if not _KEY_ID.fullmatch(name):
        raise KMSError("NotFoundException", f"Invalid keyId '{name}'")
    key = store.keys.get(name)
    if key is None:
        arn = f"arn:{store.partition}:kms:{work.region}:{account}:key/{name}"
        raise NoSuchResource(account, arn, f"Key '{arn}' does not exist")
    return key, None


def find_alias(store: KeyStore, name: str) -> Alias:
    alias = store.aliases.get(name)
    if alias is None:
        arn = store.alias_arn(name)
        raise NoSuchResource(store.account_id, arn, f"Alias {arn} is not found.")
    return alias


def _malformed_arn(work: Work) -> str:
    return "InvalidArnException" if has_error(work.operation, "InvalidArnException") else "NotFoundException"


def _alias_target(work: Work, action: str) -> Target:
    """Alias operations need the permission on the alias and on every key that it points to, before or after (botocore,
    Required permissions).
    """
    store = store_of(work.account, work.region, work.now)
    name = _alias_name(work)
    checks = [Check(action, store.alias_arn(name))]
    key: Key | None = None
    alias = None if work.operation == "CreateAlias" else find_alias(store, name)
    if alias is not None:
        current = store.keys[alias.key_id]
        checks.append(Check(action, current.arn, current))
        key = current
    if work.operation != "DeleteAlias":
        identifier = work.parameters["TargetKeyId"]
        if identifier.startswith("alias/") or ":alias/" in identifier:
            raise KMSError("ValidationException", "Aliases must refer to keys. Not aliases")
        key, check = _find_and_check(work, identifier, False, action)
        checks.append(check)
    return Target(key, alias, checks=tuple(checks))


def _grant_target(work: Work, action: str) -> Target:
    """The grant that a token stands for, or the one of this ID on this key. The token may be of any account's key."""
    asked = work.parameters
    if "GrantToken" in asked:
        key, grant = grant_of_token(work, asked["GrantToken"])
        return Target(key, grant=grant, checks=(Check(action, key.arn, key),))
    if "KeyId" not in asked or "GrantId" not in asked:
        # AWS's text is not recorded.
        raise KMSError("ValidationException", "RetireGrant needs a GrantToken, or both a KeyId and a GrantId.")
    named, check = _find_and_check(work, asked["KeyId"], False, action)
    if named is None:
        return Target(checks=(check,))
    if setting.current.enforce and named.account != work.account and asked["GrantId"] not in named.grants:
        # Without the grant a stranger is denied in any case, and so learns nothing of the key from the answer.
        require_grant_id(asked["GrantId"])
        return Target(named, checks=(check,))
    return Target(named, grant=find_grant(named, asked["GrantId"]), checks=(check,))


def grant_of_token(work: Work, token: str) -> tuple[Key, Grant]:
    """Raises InvalidGrantTokenException; AWS's text is not recorded."""
    for store in stores_in(work.region, work.now):
        if token in store.grant_tokens:
            return store.grant_tokens[token]
    raise KMSError("InvalidGrantTokenException", "The grant token stands for no grant.")


def find_grant(key: Key, grant_id: str) -> Grant:
    """Raises InvalidGrantIdException and NotFoundException (see operations/grants.py)."""
    require_grant_id(grant_id)
    if grant_id not in key.grants:
        raise KMSError("NotFoundException", f"Grant ID {grant_id} not found")
    return key.grants[grant_id]


def require_grant_id(grant_id: str) -> None:
    if not re.fullmatch("[0-9a-f]{64}", grant_id):
        raise KMSError("InvalidGrantIdException", f"{grant_id} is not a valid grant ID.")


def _alias_name(work: Work) -> str:
    name: str = work.parameters["AliasName"]
    if not name.startswith("alias/"):
        raise KMSError(
            "ValidationException",
            'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
        )
    if ":" in name:
        # The pattern of the model lets a colon pass, its text does not; sentence: terraform-provider-aws, issue 12891.
        raise KMSError("ValidationException", f"{name} contains invalid characters for an alias")
    # Doubtful: the code follows from the list of errors of CreateAlias (the other two alias operations have only
    # NotFoundException to say it with). Older reports have NotAuthorizedException for a reserved name.
    if work.operation == "CreateAlias" and (name.startswith("alias/aws/") or name == "alias/"):
        raise KMSError(
            "InvalidAliasNameException",
            f"{name} is not a valid alias name: alias/aws/ is reserved, and a name must follow alias/.",
        )
    return name


def _key_that_sealed(work: Work, parameter: str, action: str) -> Key | None:
    """The key that the ciphertext names, of whatever account; None where `parameter` of the request has to name it.

    A bare key ID of another account's key will do beside a symmetric ciphertext (botocore op:Decrypt and op:ReEncrypt,
    Cross-account use), and so this key decides what such an ID means. When a ciphertext may be absent, and the key then
    has to be named: shapes DecryptRequest and ReEncryptRequest.
    """
    asked = work.parameters
    ignored = asked.get("DryRun") and "IGNORE_CIPHERTEXT" in asked.get("DryRunModifiers", ())
    required = parameter if ignored else "CiphertextBlob"
    if required not in asked:
        raise KMSError(
            "ValidationException",
            f"1 validation error detected: Value null at '{required[0].lower()}{required[1:]}' failed to satisfy "
            "constraint: Member must not be null",
        )
    blob = asked.get("CiphertextBlob")
    algorithm = asked.get(f"{parameter.removesuffix('KeyId')}EncryptionAlgorithm", SYMMETRIC)
    if algorithm != SYMMETRIC and parameter not in asked:
        raise KMSError("ValidationException", f"{parameter} must not be null")  # recorded for KeyId
    if blob is None or algorithm != SYMMETRIC:
        return None
    locator = locator_of(blob)
    for store in stores_in(work.region, work.now):
        if locator in store.by_locator:
            key: Key = store.by_locator[locator][0]
            return key
    if parameter in asked:
        return None
    if locator is None or not ever_known(locator):
        raise KMSError("InvalidCiphertextException")
    assert work.caller is not None
    raise KMSError(
        "AccessDeniedException",
        f"User: {work.caller.arn} is not authorized to perform: {action} on the resource associated with this "
        "ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a "
        "resource-based policy explicitly denies access",
    )
