"""A cache in an SQLite database that lives in memory; whatever is too old is deleted before it is looked up."""

import json
import os
import sqlite3
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

db = sqlite3.connect(":memory:")
db.execute("create table k (id integer primary key, key_id, context, plain, wrapped, born, n, b)")
db.execute("create table o (wrapped, context, plain, born, primary key (wrapped, context))")
USABLE = """select id, plain, wrapped from k
where key_id = ? and context = ? and n < ? and b + ? <= ? and ? - born < ? order by id desc"""


def seal(kms, key_id, context, payload, limits):
    c, now = json.dumps(context, sort_keys=True), time.time()
    wanted = (key_id, c, limits["messages"], len(payload), limits["bytes"], now, limits["seconds"])
    q = db.execute(USABLE, wanted).fetchone()
    if not q:
        r = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
        values = (key_id, c, r["Plaintext"], r["CiphertextBlob"], now)
        row = db.execute("insert into k values (null, ?, ?, ?, ?, ?, 0, 0)", values).lastrowid
        q = (row, r["Plaintext"], r["CiphertextBlob"])
    db.execute("update k set n=n+1, b=b+? where id=?", (len(payload), q[0]))
    n = os.urandom(12)
    return {"wrapped_key": q[2], "body": n + AESGCM(q[1]).encrypt(n, payload, c.encode())}


def open_sealed(kms, context, sealed, seconds):
    c = json.dumps(context, sort_keys=True)
    db.execute("delete from o where born<=?", (time.time() - seconds,))
    q = db.execute("select plain from o where wrapped=? and context=?", (sealed["wrapped_key"], c)).fetchone()
    if not q:
        q = (kms.decrypt(CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)["Plaintext"],)
        db.execute("insert into o values (?,?,?,?)", (sealed["wrapped_key"], c, q[0], time.time()))
    return AESGCM(q[0]).decrypt(sealed["body"][:12], sealed["body"][12:], c.encode())
