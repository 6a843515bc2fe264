"""The state machine of test_lab_life_of_a_key.py without the life of the keys: how it calls the lab, and all about whom
grants let in and what aliases name.
"""

from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from model_of_keys import GRANT_DELAY, FamilyModel, GrantModel, Member, Sealed

from kms_katas.lab import Lab

OPERATIONS = st.sets(st.sampled_from(["Encrypt", "Decrypt", "DescribeKey"]), min_size=1)
has_keys = precondition(lambda self: self.keys)


class KeyMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.lab = Lab()
        self.lab.__enter__()
        self.lab.grant_delay = type(self.lab.grant_delay)(seconds=GRANT_DELAY)
        self.user = self.lab.home.user("with-grants-only")
        self.now = 0
        self.families: list[FamilyModel] = []
        self.keys: list[tuple[FamilyModel, Member]] = []
        self.sealed: dict[tuple[FamilyModel, int], Sealed] = {}
        self.aliases: dict[tuple[str, str], Member] = {}
        self.ended: list[tuple[Member, GrantModel]] = []

    def teardown(self) -> None:
        self.lab.__exit__(None, None, None)

    def error(self, region: str, operation: str, principal: Any = None, **request: Any) -> str | None:
        """The error code of a call, None where it works."""
        client = (principal or self.lab.home.admin).client("kms", region)
        try:
            self.answer = getattr(client, operation)(**request)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return None

    def any_key(self, data: st.DataObject, primary: bool = False) -> tuple[FamilyModel, Member]:
        """Mostly one that is there, and with `primary` mostly one of those."""
        kinds = [
            [(family, key) for family, key in self.keys if key is family.primary and key.state != "gone" and primary],
            [(family, key) for family, key in self.keys if key.state != "gone"],
            self.keys,
        ]
        start = data.draw(st.sampled_from([0, 0, 0, 0, 1, 1, 2]))
        return data.draw(st.sampled_from(next(kind for kind in kinds[start:] if kind)))

    def pass_time(self, seconds: int) -> None:
        self.lab.clock.advance(seconds=seconds)
        self.now += seconds
        for family in self.families:
            family.pass_time(self.now)
        self.aliases = {place: member for place, member in self.aliases.items() if member.state != "gone"}

    def keep(self, family: FamilyModel, blob: bytes, plaintext: bytes, context: dict[str, str]) -> None:
        """One ciphertext for each material: the newest."""
        self.sealed[family, family.materials[-1]] = Sealed(family, blob, plaintext, context)

    # Grants and aliases

    @has_keys
    @rule(data=st.data(), operations=OPERATIONS, known_everywhere=st.booleans())
    def grant(self, data: st.DataObject, operations: set[str], known_everywhere: bool) -> None:
        _, key = self.any_key(data)
        whom = {"GranteePrincipal": self.user.arn, "RetiringPrincipal": self.user.arn}
        code = self.error(key.region, "create_grant", KeyId=key.arn, Operations=sorted(operations), **whom)
        assert code == key.refusal
        if code is None:
            made = GrantModel(self.answer["GrantId"], self.answer["GrantToken"], frozenset(operations), self.now)
            key.grants[made.id] = made
            self.pass_time(GRANT_DELAY if known_everywhere else 0)

    @precondition(lambda self: any(key.grants for _, key in self.keys))
    @rule(data=st.data(), by_user=st.booleans())
    def end_grant(self, data: st.DataObject, by_user: bool) -> None:
        """The user retires it, or the administrator revokes it."""
        key = data.draw(st.sampled_from([key for _, key in self.keys if key.grants]))
        ended = data.draw(st.sampled_from(list(key.grants.values())))
        if by_user:
            code = self.error(key.region, "retire_grant", self.user, GrantToken=ended.token)
            assert code == ("InvalidGrantTokenException" if key.state == "gone" else None)
        else:
            code = self.error(key.region, "revoke_grant", KeyId=key.arn, GrantId=ended.id)
            assert code == ("NotFoundException" if key.state == "gone" else None)
        self.ended.append((key, key.grants.pop(ended.id)))
        self.pass_time(GRANT_DELAY)

    @has_keys
    @rule(data=st.data(), name=st.sampled_from(["alias/a", "alias/b"]), change=st.sampled_from("cud"))
    def change_alias(self, data: st.DataObject, name: str, change: str) -> None:
        _, key = self.any_key(data)
        place, known = (key.region, name), (key.region, name) in self.aliases
        if change == "d":
            assert self.error(key.region, "delete_alias", AliasName=name) == (None if known else "NotFoundException")
            self.aliases.pop(place, None)
            return
        operation = "create_alias" if change == "c" else "update_alias"
        code = self.error(key.region, operation, AliasName=name, TargetKeyId=key.arn)
        if change == "u" and not known:
            assert code == "NotFoundException"
        elif key.is_doomed:
            assert code == key.refusal
        else:
            assert code == ("AlreadyExistsException" if change == "c" and known else None)
        if code is None:
            self.aliases[place] = key

    @invariant()
    def a_principal_without_policies_may_what_its_live_grants_say_and_no_more(self) -> None:
        for _, key in self.keys:
            for token in (None, *(grant.token for grant in list(key.grants.values())[-1:])):
                tokens = {} if token is None else {"GrantTokens": [token]}
                code = self.error(key.region, "encrypt", self.user, KeyId=key.arn, Plaintext=b"x", **tokens)
                if key.state == "gone":
                    assert code in ("NotFoundException", "InvalidGrantTokenException")
                else:
                    assert code == (key.refusal if key.let_in("Encrypt", self.now, token) else "AccessDeniedException")
        for key, grant in self.ended[-3:]:
            if key.state != "gone":
                tokens = {"GrantTokens": [grant.token]}
                code = self.error(key.region, "encrypt", self.user, KeyId=key.arn, Plaintext=b"x", **tokens)
                assert code == "InvalidGrantTokenException"

    @invariant()
    def every_alias_names_its_key(self) -> None:
        for (region, name), key in self.aliases.items():
            assert self.error(region, "describe_key", KeyId=name) is None
            assert self.answer["KeyMetadata"]["Arn"] == key.arn
