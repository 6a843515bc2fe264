"""What an answer's process computes once: asked the same again it gives the same, and hides no mistake."""

import importlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kms_katas.child.remembered import _PURE, remember, remembered


class Counted:
    """A function that counts how often it runs."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, value: Any, *, more: Any = None) -> Any:
        self.runs += 1
        if value == "bad":
            raise ValueError(value)
        return [value, more]


@pytest.fixture
def counted() -> Counted:
    counted = Counted()
    counted.__name__ = "counted"  # type: ignore[attr-defined]
    return counted


def test_the_same_is_computed_once_and_anything_else_anew(counted: Counted) -> None:
    function = remembered(counted)
    assert function(1) is function(1)
    assert [function(2), function(1, more=3), function(True), function(1.0)] == [
        [2, None],
        [1, 3],
        [1, None],
        [1, None],
    ]
    assert counted.runs == 5


def test_what_can_change_is_computed_each_time(counted: Counted) -> None:
    function, value = remembered(counted), bytearray(b"one")
    assert function(value) == [b"one", None]
    value[:] = b"two"
    assert function(value) == [b"two", None]
    assert function(1, more=[]) is not function(1, more=[])


class Map(dict[str, str]):
    """As Dafny's: its hash is that of its keys alone."""

    compared = 0

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))

    def __eq__(self, other: object) -> bool:
        Map.compared += 1
        return dict.__eq__(self, other)


def test_contexts_with_the_same_keys_are_not_compared_with_one_another(counted: Counted) -> None:
    function = remembered(counted)
    for number in range(20):
        assert function(Map(tenant=str(number))) is function(Map(tenant=str(number)))
    # Each once by the function itself, and once where it is found again.
    assert (counted.runs, Map.compared) == (20, 40)


def test_what_is_refused_is_refused_each_time(counted: Counted) -> None:
    function = remembered(counted)
    for runs in (1, 2):
        with pytest.raises(ValueError, match="bad"):
            function("bad")
        assert counted.runs == runs


def test_a_private_key_is_loaded_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serialization, "load_der_private_key", serialization.load_der_private_key)
    monkeypatch.setattr(serialization, "load_pem_private_key", serialization.load_pem_private_key)
    remember("cryptography")
    for encoding, load in (("DER", serialization.load_der_private_key), ("PEM", serialization.load_pem_private_key)):
        keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
        for key in [*keys, *keys]:
            form = (
                getattr(serialization.Encoding, encoding),
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            data = key.private_bytes(*form)
            assert load(data, password=None).private_numbers() == key.private_numbers()  # type: ignore[union-attr]
            with pytest.raises(ValueError, match=r"."):
                load(data[:-40], None)
            with pytest.raises(TypeError):
                load(data, b"none was wanted")
            with pytest.raises(TypeError):
                load()


def test_the_encryption_sdk_still_reads_arns(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "aws_cryptographic_material_providers.internaldafny.generated.AwsArnParsing"
    parsing = pytest.importorskip(name).default__
    import _dafny

    before = parsing.ParseAwsKmsArn
    monkeypatch.setattr(parsing, "ParseAwsKmsArn", staticmethod(before))
    remember("aws_encryption_sdk")
    assert importlib.import_module(name).default__.ParseAwsKmsArn is not before
    for arn in ["arn:aws:kms:us-east-1:111122223333:key/a", "arn:aws:kms:eu-west-1:111122223333:key/a", "no arn"] * 2:
        found, wanted = parsing.ParseAwsKmsArn(_dafny.Seq(arn)), before(_dafny.Seq(arn))
        assert found.is_Success == wanted.is_Success
        assert not found.is_Success or found.value == wanted.value


@pytest.mark.parametrize("text", [b"a", "\u00fc\U0001f600".encode(), b"\xc3"])
def test_the_encryption_sdk_still_reads_texts(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "smithy_dafny_standard_library.internaldafny.extern.UTF8"
    place = pytest.importorskip(module).default__
    import _dafny

    before = place.Decode
    monkeypatch.setattr(place, "Decode", staticmethod(remembered(before)))
    assert (module, "default__.Decode") in _PURE["aws_encryption_sdk"]
    for _ in range(2):
        assert place.Decode(_dafny.Seq(text)) == before(_dafny.Seq(text))


@pytest.mark.parametrize(
    "module, name",
    [("AwsKmsUtils", "StringifyEncryptionContext"), ("CanonicalEncryptionContext", "EncryptionContextToAAD")],
)
def test_the_encryption_sdk_still_tells_contexts_apart(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = f"aws_cryptographic_material_providers.internaldafny.generated.{module}"
    place = pytest.importorskip(module).default__
    import _dafny

    before = getattr(place, name)
    monkeypatch.setattr(place, name, staticmethod(remembered(before)))
    assert (module, f"default__.{name}") in _PURE["aws_encryption_sdk"]
    pairs = [("tenant", "one"), ("tenant", "other"), ("name", "one"), ("tenant", "")]
    contexts = [dict(pairs[at : at + 2]) for at in range(4)] + [{}, {"name": "one", "tenant": "one"}]
    for context in contexts * 2:
        encoded = _dafny.Map({_dafny.Seq(key.encode()): _dafny.Seq(context[key].encode()) for key in context})
        assert getattr(place, name)(encoded) == before(encoded)


def test_the_encryption_sdk_still_tells_its_suites_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "aws_cryptographic_material_providers.internaldafny.generated.AlgorithmSuites"
    suites = pytest.importorskip(name).default__
    before = suites.GetESDKSuite
    monkeypatch.setattr(suites, "GetESDKSuite", staticmethod(remembered(before)))
    assert (name, "default__.GetESDKSuite") in _PURE["aws_encryption_sdk"]
    known = list(suites.SupportedESDKAlgorithmSuites)
    assert len(known) == len({tuple(before(one).binaryId) for one in known}) > 1
    for one in known * 2:
        assert suites.GetESDKSuite(one) == before(one)
