"""The table of KMS's permissions and condition keys keeps up with botocore, and the decision with AWS's text."""

import json
import re
import uuid
from pathlib import Path

import pytest
from botocore.loaders import Loader

from kms_katas.policy import make_kms_table
from kms_katas.policy.kms_table import condition_key, condition_keys, may_occur, permissions

MODEL = Loader().load_service_model("kms", "service-2")["operations"]
PERMISSIONS_OF = {"ReEncrypt": ("ReEncryptFrom", "ReEncryptTo")}
API_TEXT = {
    name: " ".join(re.sub(r"<[^>]+>", " ", operation["documentation"]).split()) for name, operation in MODEL.items()
}


def test_the_table_has_every_operation_that_botocore_knows():
    wanted = {name for operation in MODEL for name in PERMISSIONS_OF.get(operation, (operation,))}
    lacking = sorted(name for name in wanted if f"kms:{name.lower()}" not in permissions())
    assert not lacking, f"make the table anew: {make_kms_table.__doc__}"


def test_the_table_has_every_condition_key_that_botocore_names():
    named = {found for text in API_TEXT.values() for found in re.findall(r"\bkms:\w+(?= condition key)", text)}
    assert named
    assert not [name for name in sorted(named) if condition_key(name) is None]


@pytest.mark.parametrize("operation", sorted(MODEL))
def test_a_permission_is_on_a_key_where_aws_asks_a_key_policy_for_it(operation):
    """AWS: "Required permissions: kms:Encrypt (key policy)"."""
    found = re.search(r"Required permissions ?:? (.*)", API_TEXT[operation])
    assert found
    for name in PERMISSIONS_OF.get(operation, (operation,)):
        asked = re.search(rf"kms:{name}\b[^.]{{0,90}}?\((key|IAM) policy\)", found[1])
        if asked and operation not in ("CreateAlias", "DeleteAlias", "UpdateAlias"):
            assert permissions()[f"kms:{name.lower()}"].on_a_key == (asked[1] == "key")
        elif operation.endswith("Alias"):
            assert set(permissions()[f"kms:{name.lower()}"].resources) == {"key", "alias"}


@pytest.mark.parametrize("operation", sorted(MODEL))
def test_the_decision_lets_those_operations_cross_accounts_that_aws_lets(scene, make_statement, operation):
    """AWS: "Cross-account use: Yes"."""
    found = re.search(r"Cross-account use ?: (Yes|No|Not applicable|You must specify)", API_TEXT[operation])
    assert found, f"the API text of {operation} says nothing of cross-account use that this test understands"
    for name in PERMISSIONS_OF.get(operation, (operation,)):
        if name == "RetireGrant":
            continue  # not by key policy: tests of grants hold it
        decision = scene.decide(
            [make_statement(Principal={"AWS": scene.outsider.account}, Action=f"kms:{name}")],
            [make_statement(Action=f"kms:{name}")],
            caller=scene.outsider,
            action=f"kms:{name}",
        )
        assert decision.allowed == (found[1] == "Yes")


def test_names_of_condition_keys_compare_without_case_and_with_a_chosen_part():
    name = f"KMS:encryptionContext:{uuid.uuid4().hex}"
    assert condition_key(name) == condition_key("kms:EncryptionContext:")
    assert condition_key("AWS:principalORGid").type == "String"
    assert condition_key("kms:EncryptionContextKeys").many


@pytest.mark.parametrize("name", ["kms:EncryptionContexts:a", "kms:Nothing", "aws:PrincipalTags/a", "s3:prefix", ""])
def test_what_aws_does_not_have_is_no_condition_key(name):
    assert condition_key(name) is None


@pytest.mark.parametrize(
    ("key", "action", "occurs"),
    [
        ("kms:EncryptionContext:a", "kms:decrypt", True),
        ("kms:EncryptionContext:a", "kms:describekey", False),
        ("kms:KeySpec", "kms:enablekey", True),
        ("kms:KeySpec", "kms:listkeys", False),
        ("kms:ViaService", "kms:generaterandom", False),
        ("kms:PolicyName", "kms:putkeypolicy", True),
        ("aws:PrincipalOrgID", "kms:describekey", True),
        ("aws:RequestTag/a", "kms:tagresource", True),
        ("aws:RequestTag/a", "kms:encrypt", False),
        ("kms:Nothing", "kms:encrypt", False),
        ("lambda:SourceFunctionArn", "kms:encrypt", True),
    ],
)
def test_which_keys_a_request_can_have_follows_from_its_permission(key, action, occurs):
    assert may_occur(key, permissions()[action]) == occurs


def test_every_key_of_a_permission_is_a_condition_key():
    known = {key.name.lower() for key in condition_keys()}
    assert not [key for permission in permissions().values() for key in permission.keys if key not in known]


def test_the_script_makes_the_table_from_a_package(tmp_path):
    of_a_key, chosen = f"kms:{uuid.uuid4().hex}", f"kms:{uuid.uuid4().hex}:"
    files = {
        "package.json": {"version": "1.2.3", "updatedAt": "2031-01-02T03:04:05Z"},
        "data/actions/kms.json": {
            "do": {"name": "Do", "resourceTypes": [{"name": "key"}], "conditionKeys": [chosen + "${Name}"]},
            "list": {"name": "List", "resourceTypes": [], "conditionKeys": []},
        },
        "data/conditionKeys/kms.json": {
            "a": {"key": of_a_key, "type": "Bool"},
            "b": {"key": chosen + "${Name}", "type": "String"},
        },
        "data/resourceTypes/kms.json": {"key": {"conditionKeys": [of_a_key]}},
    }
    for name, content in files.items():
        path: Path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    table = make_kms_table.table(tmp_path)
    assert {name: entry for name, entry in table["permissions"].items() if name in ("Do", "List")} == {
        "Do": {"resources": ["key"], "keys": sorted([of_a_key, chosen])},
        "List": {"resources": [], "keys": []},
    }
    assert (table["keys"][of_a_key], table["keys"][chosen]) == ("Bool", "String")
    assert (table["source"].endswith(" 1.2.3"), table["updated"]) == (True, "2031-01-02")
