"""What grading tries of the network and of the user's AWS settings: `python -m kms_katas.cli.overheard KIT KATA`.

It grades the reference answer in this one process, under Python's audit hook, beside settings that must not be used,
and prints what it overheard as a line of JSON. The hook sees what Python does, not what a C library does by itself.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

_ASKING = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}
_NOWHERE = "http://127.0.0.1:9"


def main(kit_root: str, kata_id: str) -> None:
    network: list[str] = []
    files: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / ".aws"
        _poison(settings)

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event in _ASKING:
                network.append(f"{event} {arguments[-1] if event == 'socket.connect' else arguments[:2]}"[:200])
            elif event == "open" and str(arguments[0]).startswith(str(settings)):
                files.append(Path(str(arguments[0])).name)

        sys.addaudithook(hook)
        passed = _graded(Path(kit_root), kata_id)
        print(json.dumps({"passed": passed, "network": network, "files": files}))


def _poison(settings: Path) -> None:
    """A home and an environment of AWS settings that lead nowhere."""
    settings.mkdir()
    lines = (
        f"region = xx-false-1\nendpoint_url = {_NOWHERE}\naws_access_key_id = FALSE\naws_secret_access_key = FALSE\n"
    )
    for name in ("config", "credentials"):
        (settings / name).write_text(f"[default]\n{lines}[work]\n{lines}", "utf-8")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "HOME": str(settings.parent),
        "USERPROFILE": str(settings.parent),
        "AWS_PROFILE": "work",
        "AWS_ACCESS_KEY_ID": "AKIAFALSEFALSEFALSE0",
        "AWS_SECRET_ACCESS_KEY": "false",
        "AWS_SESSION_TOKEN": "false",
        "AWS_DEFAULT_REGION": "xx-false-1",
        "AWS_ENDPOINT_URL": _NOWHERE,
        "HTTPS_PROXY": _NOWHERE,
    }


def _graded(root: Path, kata_id: str) -> bool:
    from kms_katas.grading.inprocess import InProcessRunner
    from kms_katas.grading.lane import grade_in_lane
    from kms_katas.kit import Kit

    kit = Kit(root)
    kata = kit.find(kata_id)
    runner = InProcessRunner()
    try:
        return grade_in_lane(kit, [kata], runner, lambda lane: lane.grade(kata, kit.solutions)).passed
    finally:
        runner.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
