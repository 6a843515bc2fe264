"""Plays a learner's first session on a real terminal, from `kata init` to the third pass, and records it.

    python docs/assets/first_session.py       writes first-three-passes.cast beside this file (asciicast, version 2)

The files are saved from here, as an editor in another window would. Any asciicast player shows the recording. What it
shows is made by the kit at that moment, wrong tries included; run it again when the screens change.
"""

import json
import os
import pty
import re
import select
import struct
import sys
import tempfile
import termios
import time
from fcntl import ioctl
from pathlib import Path

OUTPUT = Path(__file__).with_name("first-three-passes.cast")
COLUMNS, LINES = 100, 36
READING_SECONDS = 2.5
"""How long each screen stays, so that a viewer can take it in."""
PATIENCE_SECONDS = 60

WAITING = "Waiting for you to save"
KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

SEAL = """    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    body = nonce + AESGCM(made["Plaintext"]).encrypt(nonce, payload, None)
    return {"wrapped_key": made["CiphertextBlob"], "body": body}
"""
OPEN = """    data_key = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"]
    nonce, body = sealed["body"][:12], sealed["body"][12:]
    return AESGCM(data_key).decrypt(nonce, body, None)
"""

HELLO, ENVELOPE = "keys/hello/answer.py", "envelope/seal-and-open/answer.py"
KEY_POLICY, IAM_POLICY = (f"cross-account/bob-decrypts/{half}-policy.json" for half in ("key", "iam"))

# Keys to type with what to wait for, or a file with a pattern in it and what to write there.
SESSION: list[tuple[str, str] | tuple[str, str, str]] = [
    ("kata init\n", "Then:"),
    ("cd my-katas\n", "$ "),
    ("kata\n", "open "),
    ("kata watch\n", WAITING),
    (HELLO, r'b"".*', "kms.decrypt(CiphertextBlob=ciphertext)"),
    (HELLO, r"(CiphertextBlob=ciphertext\))", r'\1["Plaintext"]'),
    ("n", WAITING),
    (
        ENVELOPE,
        r"\n\n\ndef seal",
        "\n\nimport os\n\nfrom cryptography.hazmat.primitives.ciphers.aead import AESGCM\\g<0>",
    ),
    (ENVELOPE, r"    # TODO 1(.|\n)*?\}\n", SEAL),
    ("h", "More direct"),
    (ENVELOPE, r"    # TODO 2(.|\n)*", OPEN),
    ("n", WAITING),
    (KEY_POLICY, r'"TODO1"((.|\n)*)kms:DescribeKey', r'"BobDecrypts"\1kms:Decrypt'),
    (KEY_POLICY, r"444455556666:root", "444455556666:user/bob"),
    (IAM_POLICY, r'"TODO2"((.|\n)*)kms:DescribeKey', r'"DecryptTheArchive"\1kms:Decrypt'),
    (IAM_POLICY, r'"Resource": "\*"', f'"Resource": "{KEY_ARN}"'),
    ("l", WAITING),
    ("q", "Stopped watching."),
]


class Recording:
    """A shell on a pty, and all that it shows with the time."""

    def __init__(self, folder: Path) -> None:
        kata = Path(sys.executable).parent
        environment = {"PATH": f"{kata}:{os.defpath}", "TERM": "xterm-256color", "LANG": "C.UTF-8", "PS1": "$ "}
        child, self.terminal = pty.fork()
        if child == 0:
            os.chdir(folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile"], environment)
        ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.began, self.events, self.shown = time.monotonic(), [], ""

    def wait_for(self, text: str) -> None:
        """Until `text` was shown since the last call and nothing more comes; then for as long as reading takes."""
        until = time.monotonic() + PATIENCE_SECONDS
        while text not in self.shown or self._more(0.5):
            if time.monotonic() > until:
                sys.exit(f"{text!r} did not come within {PATIENCE_SECONDS} seconds. The last that came:\n{self.shown}")
            self._more(0.1)
        self.shown = ""
        time.sleep(READING_SECONDS)

    def _more(self, seconds: float) -> bool:
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        text = os.read(self.terminal, 1 << 16).decode("utf-8", "replace")
        self.events.append([round(time.monotonic() - self.began, 3), "o", text])
        self.shown += text
        return True


def save(workspace: Path, answer: str, pattern: str, new: str) -> None:
    """What a learner does in the editor. Ends everything where the starter has nothing like `pattern` any more."""
    text, count = re.subn(pattern, new, (workspace / answer).read_text("utf-8"), count=1)
    if count == 0:
        sys.exit(f"{answer} has nothing like {pattern!r}: the starter changed, so this script has to.")
    (workspace / answer).write_text(text, "utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = Recording(folder)
        recording.wait_for("$ ")
        for step in SESSION:
            if len(step) == 2:
                typed, sign = step
                os.write(recording.terminal, typed.encode())
            else:
                save(folder / "my-katas", *step)
                sign = WAITING
            recording.wait_for(sign)
    header = {"version": 2, "width": COLUMNS, "height": LINES, "title": "KMS Katas: the first three passes"}
    with OUTPUT.open("w", encoding="utf-8") as file:
        for line in (header, *recording.events):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"{OUTPUT}: {recording.events[-1][0]:.0f} seconds, {OUTPUT.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
