"""Draws denied-request.svg, the picture in the README: a request that the lab really denies, and its explanation.

`python docs/assets/denied_request.py` draws it anew; a test fails when the picture and the lab no longer agree.
"""

import io
import json
import re
from pathlib import Path

from botocore.exceptions import ClientError
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from kms_katas.lab import Lab
from kms_katas.policy import explain

PICTURE = Path(__file__).with_name("denied-request.svg")

KEY_POLICY = """{"Version": "2012-10-17", "Statement": [
  {"Sid": "Admins run the key", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
   "Principal": {"AWS": "arn:aws:iam::111122223333:user/admin"}},
  {"Sid": "The app decrypts", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
   "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}}]}"""

IDENTITY_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}


def deny() -> tuple[str, tuple[str, ...]]:
    """What AWS says and the lab explains: an IAM user with kms:* meets a key policy without the account principal."""
    with Lab(seed=1) as lab:
        lab.home.role("app")
        admin = lab.home.admin.client("kms")
        key_id = admin.create_key(Policy=json.dumps(json.loads(KEY_POLICY)))["KeyMetadata"]["KeyId"]
        ciphertext = admin.encrypt(KeyId=key_id, Plaintext=b"a secret")["CiphertextBlob"]
        alice = lab.home.user("alice", policies={"everything-in-kms": IDENTITY_POLICY}).client("kms")
        try:
            alice.decrypt(CiphertextBlob=ciphertext)
        except ClientError as error:
            return str(error), explain(lab.explain(error))
    raise AssertionError("the lab let the request through")


def picture() -> str:
    """The picture as SVG."""
    error, explanation = deny()
    console = Console(record=True, width=104, file=io.StringIO(), highlight=False)
    console.print(Text("The key policy", style="bold"))
    console.print(Syntax(KEY_POLICY, "json", theme="ansi_dark", background_color="default"))
    console.print(Text("\nAlice may do everything in KMS, says IAM. She calls Decrypt, and AWS says:", style="bold"))
    console.print(Text(error, style="red"))
    console.print(Text("\nlab.explain(error)", style="bold"))
    for line in explanation:
        head, mark, rest = line.partition(": ")
        console.print(Text.assemble("• ", (head + mark, "cyan" if mark else ""), rest))
    # rich's fonts come from another host; a reader's own monospace font does as well and asks nobody.
    return re.sub(
        r"@font-face {.*?}", "", console.export_svg(title="KMS Katas", unique_id="denied-request"), flags=re.S
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8", newline="\n")
