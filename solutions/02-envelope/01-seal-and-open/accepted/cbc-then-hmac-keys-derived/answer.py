"""AES-CBC and HMAC under two keys derived from one data key; lengths written into the MAC."""

from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


def _keys(data_key):
    both = HKDFExpand(hashes.SHA512(), 64, b"cbc+hmac").derive(data_key)
    return both[:32], both[32:]


def _mac(key, iv, text):
    mac = hmac.HMAC(key, hashes.SHA256())
    for part in (iv, len(text).to_bytes(8, "big"), text):
        mac.update(part)
    return mac


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    cipher_key, mac_key = _keys(made["Plaintext"])
    iv = kms.generate_random(NumberOfBytes=16)["Plaintext"]
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).encryptor()
    text = encryptor.update(padder.update(payload) + padder.finalize()) + encryptor.finalize()
    return {"wrapped_key": made["CiphertextBlob"], "body": iv + text + _mac(mac_key, iv, text).finalize()}


def open_sealed(kms, sealed):
    cipher_key, mac_key = _keys(kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"])
    body = sealed["body"]
    iv, text, tag = body[:16], body[16:-32], body[-32:]
    _mac(mac_key, iv, text).verify(tag)
    decryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(text) + decryptor.finalize()) + unpadder.finalize()
