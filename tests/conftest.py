"""Loads the plugin of the checks for tests/graders, and a small kit of one kata for the tests of the kit itself."""

import os
import signal
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kms_katas.kit import Kit, find_kit

# No test is timed: a slow machine is no fault of the code. Where all has run already, and another version or runner is
# what is looked at, a few examples do: .ci/run.
settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("KATA_EXAMPLES", 100)),
)
settings.load_profile("untimed")

# What a test installs is used for seconds. (pip takes "no" in the name for the setting: 0 is not to compile.)
os.environ.setdefault("PIP_NO_COMPILE", "0")

# Who starts the tests behind a shell's & hands down that Ctrl-C is nothing, and what they start would not end by it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# As nohup does for that the terminal has gone.
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest_plugins = ["kms_katas.grading.plugin", "pytester"]

KATA_TOML = """
schema = "urn:kms-katas:kata:1"
id = "keys/mini"
title = "A mini kata"
level = 1
points = 3
minutes = 5
concepts = ["decrypt"]
exams = ["SCS-C03"]
prerequisites = []
services = ["kms"]
answer = ["answer.py"]
browser = true
why = "Because."

[[task]]
title = "Open it"
hints = ["Vague.", "Direct."]
"""

CHECKS = '''
import pytest
from kms_katas.grading import expect


@pytest.fixture
def sealed(lab, fresh):
    kms = lab.home.admin.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = fresh.bytes(20)
    return secret, kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_comes_back(answer, sealed):
    """The secret comes back."""
    secret, blob = sealed
    got = answer.call("open_it", answer.client(), blob)
    expect(got == secret, "That is not the secret.", expected="the secret", next_step="Ask KMS.")


@pytest.mark.task(1)
def test_kms_did_it(answer, sealed):
    """KMS did the work."""
    secret, blob = sealed
    answer.call("open_it", answer.client(), blob)
    operations = [call.operation for call in answer.calls]
    expect(operations == ["Decrypt"], "KMS was not asked.", expected="one Decrypt", next_step="Ask KMS.")
'''

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
PLAIN = "import boto3\n\n\n" + RIGHT.replace("kms.decrypt", 'boto3.client("kms").decrypt')

FILES = {
    "katas/01-keys/01-mini/kata.toml": KATA_TOML,
    "katas/01-keys/01-mini/README.md": "# A mini kata\n\nA story.\n\n## 1. Open it\n\nDo it.\n",
    "katas/01-keys/01-mini/answer.py": "def open_it(kms, blob):\n    return blob  # TODO 1\n",
    "solutions/01-keys/01-mini/answer.py": RIGHT,
    "solutions/01-keys/01-mini/accepted/plain/answer.py": PLAIN,
    "solutions/01-keys/01-mini/rejected/nothing/answer.py": "def open_it(kms, blob):\n    return None\n",
    "solutions/01-keys/01-mini/rejected/reversed/answer.py": "def open_it(kms, blob):\n    return blob[::-1]\n",
    "solutions/01-keys/01-mini/rejected/raises/answer.py": "def open_it(kms, blob):\n    raise ValueError(blob)\n",
    "solutions/01-keys/01-mini/answers.toml": 'schema = "urn:kms-katas:answers:1"\n'
    + "".join(
        f'[rejected.{name}]\ncheck = "test_comes_back"\nmistake = "It is."\n'
        for name in ("nothing", "reversed", "raises")
    ),
    "tests/graders/01_keys/test_mini.py": CHECKS,
}


@pytest.fixture
def mini_root(tmp_path: Path) -> Path:
    """The folder of a kit with one kata, to be changed at will."""
    root = tmp_path / "mini kit"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


@pytest.fixture
def mini_kit(mini_root: Path) -> Kit:
    return find_kit(mini_root)


@pytest.fixture
def write_answer(tmp_path: Path) -> Callable[[str], Path]:
    """Writes the source of an answer to keys/mini and gives the tree that it lies in."""

    def write(source: str) -> Path:
        folder = tmp_path / "answers" / "keys" / "mini"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "answer.py").write_text(textwrap.dedent(source), "utf-8")
        return tmp_path / "answers"

    return write
