"""Environment variables of functions in the lab: under which key, who sees them, and what opens them."""

import secrets
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas import lab as laboratory
from kms_katas.lab import Lab

CODE = {"ZipFile": b"no code at all"}
LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def policy(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


@pytest.fixture
def key(lab: Lab) -> str:
    return lab.home.create_key()


@pytest.fixture
def role(lab: Lab) -> str:
    return lab.home.role("runner", trust=LAMBDA_TRUST).arn


@pytest.fixture
def functions(lab: Lab) -> Any:
    return lab.home.admin.client("lambda")


@pytest.fixture
def variables() -> dict[str, str]:
    return {"TOKEN": secrets.token_hex(12)}


def create(functions: Any, role: str, variables: dict[str, str] | None, key: str = "") -> dict[str, Any]:
    more: dict[str, Any] = {"Environment": {"Variables": variables}} if variables is not None else {}
    if key:
        more["KMSKeyArn"] = key
    made: dict[str, Any] = functions.create_function(
        FunctionName="report", Role=role, Code=CODE, Runtime="python3.12", Handler="a.b", **more
    )
    return made


def environment(functions: Any) -> dict[str, Any]:
    found: dict[str, Any] = functions.get_function_configuration(FunctionName="report").get("Environment", {})
    return found


def test_variables_lie_under_the_key_with_the_function_as_context(
    lab: Lab, functions: Any, role: str, variables: dict[str, str], key: str
) -> None:
    arn = create(functions, role, variables, key)["FunctionArn"]
    assert environment(functions) == {"Variables": variables}
    sealed, opened = (next(one for one in lab.calls if one.operation == name) for name in ("Encrypt", "Decrypt"))
    assert sealed.key_arn == opened.key_arn == key
    assert sealed.parameters["EncryptionContext"] == opened.parameters["EncryptionContext"]
    assert sealed.parameters["EncryptionContext"] == {"aws:lambda:FunctionArn": arn}


def test_without_a_key_they_lie_under_the_aws_managed_one(
    lab: Lab, functions: Any, role: str, variables: dict[str, str]
) -> None:
    create(functions, role, variables)
    metadata = lab.home.admin.client("kms").describe_key(KeyId="alias/aws/lambda")["KeyMetadata"]
    assert next(one for one in lab.calls if one.operation == "Encrypt").key_arn == metadata["Arn"]


def test_whoever_may_make_functions_may_use_the_aws_managed_key_through_lambda(
    lab: Lab, role: str, variables: dict[str, str]
) -> None:
    functions = lab.home.user("dev", policies={"lambda": policy("lambda:*")}).client("lambda")
    create(functions, role, variables)
    assert environment(functions) == {"Variables": variables}


def test_a_function_without_variables_asks_kms_nothing(lab: Lab, functions: Any, role: str, key: str) -> None:
    create(functions, role, None, key)
    assert environment(functions) == {}
    assert lab.calls == ()


def test_the_grant_is_for_the_execution_role_and_this_function(
    lab: Lab, functions: Any, role: str, variables: dict[str, str], key: str
) -> None:
    arn = create(functions, role, variables, key)["FunctionArn"]
    (grant,) = lab.home.admin.client("kms").list_grants(KeyId=key)["Grants"]
    assert grant["GranteePrincipal"].endswith(":assumed-role/runner/report")
    assert grant["Constraints"] == {"EncryptionContextEquals": {"aws:lambda:FunctionArn": arn}}


@pytest.mark.parametrize("missing", ["kms:CreateGrant", "kms:Encrypt"])
def test_who_makes_the_function_needs_both_permissions_on_the_key(
    lab: Lab, role: str, variables: dict[str, str], key: str, missing: str
) -> None:
    needed = {"lambda:*", "kms:CreateGrant", "kms:Encrypt"}
    functions = lab.home.user("dev", policies={"most": policy(*needed - {missing})}).client("lambda")
    with pytest.raises(ClientError) as denied:
        create(functions, role, variables, key)
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    assert missing in denied.value.response["Error"]["Message"]
    assert lab.explain(denied.value).request.action == missing
    assert functions.list_functions()["Functions"] == []

    able = lab.home.user("able", policies={"all": policy(*needed)}).client("lambda")
    assert create(able, role, variables, key)["KMSKeyArn"] == key


def test_who_may_not_decrypt_sees_an_error_in_place_of_the_variables(
    lab: Lab, functions: Any, role: str, variables: dict[str, str], key: str
) -> None:
    create(functions, role, variables, key)
    viewer = lab.home.user("viewer", policies={"lambda": policy("lambda:*")}).client("lambda")
    shown = [
        environment(viewer),
        viewer.get_function(FunctionName="report")["Configuration"]["Environment"],
        viewer.list_functions()["Functions"][0]["Environment"],
        viewer.update_function_configuration(FunctionName="report", Timeout=9)["Environment"],
    ]
    for found in shown:
        assert "Variables" not in found
        assert found["Error"]["ErrorCode"] == "AccessDeniedException"
        assert "kms:Decrypt" in found["Error"]["Message"]


def test_a_key_that_cannot_be_used_makes_no_function(
    lab: Lab, functions: Any, role: str, variables: dict[str, str], key: str
) -> None:
    lab.home.admin.client("kms").disable_key(KeyId=key)
    for name in (key, key.replace(":key/", ":key/0"), lab.home.create_key(region="us-west-2")):
        with pytest.raises(ClientError) as refused:
            create(functions, role, variables, name)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert functions.list_functions()["Functions"] == []


def test_variables_move_to_another_key_and_the_old_grant_ends(
    lab: Lab, functions: Any, role: str, variables: dict[str, str], key: str
) -> None:
    kms, other = lab.home.admin.client("kms"), lab.home.create_key()
    create(functions, role, variables, key)
    assert functions.update_function_configuration(FunctionName="report", KMSKeyArn=other)["KMSKeyArn"] == other
    kms.disable_key(KeyId=key)
    assert environment(functions) == {"Variables": variables}
    assert [len(kms.list_grants(KeyId=one)["Grants"]) for one in (key, other)] == [0, 1]


def test_new_variables_need_no_sight_of_the_old_ones(
    lab: Lab, functions: Any, role: str, variables: dict[str, str], key: str
) -> None:
    create(functions, role, {"OLD": "x"}, key)
    writer = lab.home.user("writer", policies={"p": policy("lambda:*", "kms:CreateGrant", "kms:Encrypt")})
    writer.client("lambda").update_function_configuration(FunctionName="report", Environment={"Variables": variables})
    assert environment(functions) == {"Variables": variables}
    with pytest.raises(ClientError, match="kms:Decrypt"):
        writer.client("lambda").update_function_configuration(FunctionName="report", KMSKeyArn=lab.home.create_key())


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        ("disable", "KMSDisabledException"),
        ("schedule", "KMSInvalidStateException"),
        ("revoke", "KMSAccessDeniedException"),
    ],
)
def test_a_function_that_cannot_open_its_variables_does_not_run(
    lab: Lab, functions: Any, role: str, variables: dict[str, str], key: str, harm: str, code: str
) -> None:
    kms = lab.home.admin.client("kms")
    create(functions, role, variables, key)
    if harm == "disable":
        kms.disable_key(KeyId=key)
    if harm == "schedule":
        kms.schedule_key_deletion(KeyId=key)
    if harm == "revoke":
        kms.revoke_grant(KeyId=key, GrantId=kms.list_grants(KeyId=key)["Grants"][0]["GrantId"])
    with pytest.raises(ClientError) as refused:
        functions.invoke(FunctionName="report")
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 502


def test_the_role_opens_them_and_not_who_invokes(
    lab: Lab, functions: Any, role: str, variables: dict[str, str], key: str
) -> None:
    create(functions, role, variables, key)
    lab.home.admin.client("kms").disable_key(KeyId=key)
    caller = lab.home.user("caller", policies={"invoke": policy("lambda:InvokeFunction")})
    with pytest.raises(ClientError, match="KMSDisabledException"):
        caller.client("lambda").invoke(FunctionName="report")
    assert str(lab.calls[-1].principal_arn).endswith(":assumed-role/runner/report")


def test_more_than_4_kb_of_variables_are_refused(functions: Any, role: str) -> None:
    with pytest.raises(ClientError, match="4KB limit"):
        create(functions, role, {"TEXT": "x" * 5000})


def test_who_may_not_show_functions_is_told_so(lab: Lab, functions: Any, role: str) -> None:
    create(functions, role, None)
    with pytest.raises(ClientError) as denied:
        environment(lab.home.user("eve").client("lambda"))
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    assert lab.explain(denied.value).request.action == "lambda:GetFunctionConfiguration"


def test_without_enforcement_everybody_sees_and_keys_count(variables: dict[str, str]) -> None:
    with mock_aws():
        laboratory.install()
        try:
            session = boto3.Session(region_name="us-east-1")
            role = session.client("iam").create_role(RoleName="runner", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
            functions, kms = session.client("lambda"), session.client("kms")
            key = kms.create_key()["KeyMetadata"]["Arn"]
            create(functions, role, variables, key)
            assert environment(functions) == {"Variables": variables}
            kms.disable_key(KeyId=key)
            assert environment(functions)["Error"]["ErrorCode"] == "DisabledException"
        finally:
            laboratory.uninstall()
