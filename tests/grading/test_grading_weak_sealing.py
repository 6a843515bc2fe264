"""Weak sealing: each weakness is found in whatever layout, and sound messages show none."""

import base64
import json
import os

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from kms_katas.grading.weak_sealing import Weakness, weakness_of

CURVES = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1())
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


@pytest.fixture
def payload():
    return os.urandom(40)


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def gcm(key, payload):
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, payload, None)


def chacha(key, payload):
    nonce = os.urandom(12)
    return ChaCha20Poly1305(key).encrypt(nonce, payload, None) + nonce


def ctr(key, payload):
    iv = os.urandom(16)
    return iv + Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor().update(payload)


def cbc(key, payload):
    iv, padder = os.urandom(16), block_padding.PKCS7(128).padder()
    return iv + Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor().update(padder.update(payload))


def bare(block, public):
    numbers = public.public_numbers()
    return pow(int.from_bytes(block), numbers.e, numbers.n).to_bytes(256)


def agreed(device):
    ephemeral = ec.generate_private_key(device.curve)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return ephemeral, point, ephemeral.exchange(ec.ECDH(), device.public_key())


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
@pytest.mark.parametrize("cipher", [gcm, chacha, ctr, cbc])
def test_an_ecdh_secret_as_key_is_found(curve, cipher, payload):
    device = ec.generate_private_key(curve)
    _, point, secret = agreed(device)
    assert weakness_of([(point + cipher(secret[:32], payload), device)], payload) is Weakness.SECRET_AS_KEY


def test_it_is_found_inside_json_too(payload):
    device = ec.generate_private_key(CURVES[0])
    _, point, secret = agreed(device)
    parts = {"to": point, "body": gcm(secret, payload)}
    message = json.dumps({name: base64.b64encode(part).decode() for name, part in parts.items()}).encode()
    assert weakness_of([(message, device)], payload) is Weakness.SECRET_AS_KEY


@pytest.mark.parametrize("cipher", [gcm, chacha, ctr, cbc])
def test_a_derived_key_is_no_weakness(cipher, payload):
    device = ec.generate_private_key(CURVES[0])
    _, point, secret = agreed(device)
    key = HKDF(hashes.SHA256(), 32, None, b"test").derive(secret)
    assert weakness_of([(point + cipher(key, payload), device)], payload) is None


def test_a_key_made_of_the_public_key_is_found(payload):
    device = ec.generate_private_key(CURVES[1])
    public = device.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public)
    assert weakness_of([(bytes(33) + gcm(digest.finalize(), payload), device)], payload) is Weakness.KEY_OF_PUBLIC_KEY


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_private_key_inside_is_found(encoding, form, payload):
    device = ec.generate_private_key(CURVES[0])
    ephemeral, _, secret = agreed(device)
    key = HKDF(hashes.SHA256(), 32, None, b"test").derive(secret)
    message = ephemeral.private_bytes(encoding, form, NoEncryption()) + gcm(key, payload)
    assert weakness_of([(message, device)], payload) is Weakness.PRIVATE_KEY_INSIDE


@pytest.mark.parametrize("before", [b"", b"\1\0"])
def test_rsa_is_told_by_its_padding(rsa_key, before, payload):
    public = rsa_key.public_key()
    for wrap, weakness in (
        (lambda key: public.encrypt(key, OAEP), None),
        (lambda key: public.encrypt(key, padding.PKCS1v15()), Weakness.PKCS1_V15),
        (lambda key: bare(key, public), Weakness.NO_PADDING),
    ):
        keys = [os.urandom(32) for _ in range(2)]
        sealed = [(before + wrap(key) + gcm(key, payload), rsa_key) for key in keys]
        assert weakness_of(sealed, payload) is weakness


@pytest.mark.parametrize("oaep_first", [True, False])
@pytest.mark.parametrize("encoded", [True, False])
def test_a_weak_padding_beside_oaep_is_found(rsa_key, oaep_first, encoded, payload):
    public, sealed = rsa_key.public_key(), []
    for _ in range(2):
        wrapped = [public.encrypt(os.urandom(32), OAEP), public.encrypt(os.urandom(32), padding.PKCS1v15())]
        message = b"".join(wrapped if oaep_first else reversed(wrapped))
        sealed.append((base64.b64encode(message) if encoded else message, rsa_key))
    assert weakness_of(sealed, payload) is Weakness.PKCS1_V15


def test_a_block_that_only_looks_wrongly_padded_is_no_weakness(rsa_key, payload):
    """Under OAEP one block in 2,000 begins as under PKCS #1 v1.5."""
    public = rsa_key.public_key()
    by_chance = bare(b"\2" + bytes(range(1, 206)) + b"\0" + os.urandom(48), public)
    for wrapped in (
        [by_chance, public.encrypt(os.urandom(32), OAEP)],
        [public.encrypt(os.urandom(32), OAEP), by_chance],
    ):
        sealed = [(each + gcm(os.urandom(32), payload), rsa_key) for each in wrapped]
        assert weakness_of(sealed, payload) is None


def test_a_message_without_room_for_a_key_is_found(rsa_key, payload):
    for device in (ec.generate_private_key(CURVES[0]), rsa_key, mlkem.MLKEM768PrivateKey.generate()):
        assert weakness_of([(gcm(os.urandom(32), payload), device)], payload) is Weakness.NO_ROOM


def test_a_key_of_two_messages_is_found(rsa_key, payload):
    one, two = (ec.generate_private_key(CURVES[0]) for _ in range(2))
    names = [key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in (one, two)]
    (_, point, _), (_, other, _) = agreed(one), agreed(two)
    body = gcm(os.urandom(32), payload)
    assert weakness_of([(point + body, one), (point + body, two)], payload) is Weakness.KEY_AGAIN
    others = gcm(os.urandom(32), payload)  # no two messages have one body, and in one a point may seem to stand
    assert weakness_of([(names[0] + point + body, one), (names[1] + other + others, two)], payload) is None
    wrapped = [rsa_key.public_key().encrypt(key, OAEP) + body for key in (b"key" * 8, b"key" * 8, b"other" * 4)]
    assert weakness_of([(wrapped[0], rsa_key), (wrapped[1], rsa_key)], payload) is Weakness.KEY_AGAIN
    assert weakness_of([(wrapped[0], rsa_key), (wrapped[2], rsa_key)], payload) is None
    among_others = [(each, rsa_key) for each in (wrapped[0], wrapped[2], wrapped[1])]
    assert weakness_of(among_others, payload) is Weakness.KEY_AGAIN


@pytest.mark.parametrize(
    "form", [lambda key: key, lambda key: json.dumps({"k": base64.b64encode(key).decode()}).encode()]
)
def test_a_content_key_inside_is_found(rsa_key, form, payload):
    key = os.urandom(32)
    message = rsa_key.public_key().encrypt(key, OAEP) + form(key) + gcm(key, payload)
    assert weakness_of([(message, rsa_key)], payload) is Weakness.KEY_INSIDE


@pytest.mark.parametrize("point_first", [True, False])
def test_a_key_made_of_the_public_key_and_the_message_is_found(point_first, payload):
    device = ec.generate_private_key(CURVES[0])
    public = device.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ephemeral, _, _ = agreed(device)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(point + public if point_first else public + point)
    assert weakness_of([(point + gcm(digest.finalize(), payload), device)], payload) is Weakness.KEY_OF_PUBLIC_KEY


def test_one_ephemeral_key_for_each_receiver_is_found(payload):
    sealed = []
    for device in (ec.generate_private_key(CURVES[0]) for _ in range(2)):
        ephemeral, _, _ = agreed(device)
        point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        sealed += [(point + gcm(os.urandom(32), payload), device) for _ in range(2)]
    assert weakness_of(sealed, payload) is Weakness.KEY_AGAIN


def test_two_messages_for_one_receiver_may_name_it_alike(payload):
    """Its name holds points of the curve, by chance too."""
    device = ec.generate_private_key(CURVES[0])
    name = device.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) + b"\2" + os.urandom(32)
    sealed = []
    for _ in range(2):
        _, point, secret = agreed(device)
        key = HKDF(hashes.SHA256(), 32, None, b"test").derive(secret)
        sealed.append((name + point + gcm(key, payload), device))
    assert weakness_of(sealed, payload) is None


def test_a_short_payload_may_be_encrypted_by_rsa_itself(rsa_key, payload):
    sealed = [(rsa_key.public_key().encrypt(payload, OAEP), rsa_key) for _ in range(2)]
    assert weakness_of(sealed, payload) is None
