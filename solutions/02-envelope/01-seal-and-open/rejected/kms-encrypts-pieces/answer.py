"""Works round the limit of 4,096 bytes: cuts the payload in pieces and sends all of them to KMS."""

PIECE = 4096


def seal(kms, key_id, payload):
    pieces = [payload[start : start + PIECE] for start in range(0, len(payload), PIECE)]
    blobs = [kms.encrypt(KeyId=key_id, Plaintext=piece)["CiphertextBlob"] for piece in pieces] or [b""]
    return {"wrapped_key": blobs[0], "body": b"".join(len(blob).to_bytes(4, "big") + blob for blob in blobs)}


def open_sealed(kms, sealed):
    payload, body = b"", sealed["body"]
    while body:
        size = int.from_bytes(body[:4], "big")
        blob, body = body[4 : 4 + size], body[4 + size :]
        payload += kms.decrypt(CiphertextBlob=blob)["Plaintext"] if blob else b""
    return payload
