"""Sets up KMS Katas in .venv beside this file, and nowhere else, then runs `kata`. It grades nothing itself.

`python3 kata.py test` runs the project's tests; any other words go to `kata`: `python3 kata.py start`.
Standard library only, in syntax that Python 3.6 parses: an old Python shall say that it is too old, not SyntaxError.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV, WHEELS = ROOT / ".venv", ROOT / "wheels"  # with the folder wheels, pip asks no network: kata dev bundle
STAMP = VENV / "kms-katas-stamp"  # written last: a .venv without it is half-made, or was not made here
WINDOWS = os.name == "nt"
PYTHON, KATA = (VENV / (("Scripts/%s.exe" if WINDOWS else "bin/%s") % name) for name in ("python", "kata"))
OF_A_VENV = {*"bin include lib lib64 share Include Lib Scripts .gitignore pyvenv.cfg".split(), STAMP.name}
FOR_PIP = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_USER": "0"}
ON_ALL_CORES = "-n auto --maxprocesses 4 --dist worksteal".split()  # 4 take some 2 GB
LEADS_ELSEWHERE = {"PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_ROOT", "PIP_TARGET"}
TOO_OLD = """This is Python %d.%d and PATH has no newer one; KMS Katas needs Python 3.11 or newer. Install it: Debian,
Ubuntu `sudo apt install python3.11-venv`, macOS `brew install python`, Windows `winget install Python.Python.3.13`."""
NO_PIP = "\nNo pip, or no network? On Debian and Ubuntu, `sudo apt install python3.%d-venv` brings a pip."


def main(words):
    groups = ["test"] if words[:1] == ["test"] else []
    if stamp()[:2] != good() or not set(groups) <= set(stamp()):
        become([*newer_python(), __file__, *words]) if sys.version_info < (3, 11) else set_up(groups)
    name = '"%s"' % sys.argv[0] if " " in sys.argv[0] else sys.argv[0]
    os.environ["KATA_COMMAND"] = ("py " if WINDOWS else "python3 ") + name  # what kata's screens tell people to type
    if groups:
        os.chdir(str(ROOT))  # with words it is pytest as everybody knows it: -s shows what is printed, -x stops there
        become([PYTHON, "-m", "pytest", *(words[1:] or ON_ALL_CORES)])
    # The script goes to its Python by name: its own first line cannot name every path (think of spaces and quotes).
    become([KATA, *words] if WINDOWS else [PYTHON, KATA, *words])


def stamp():
    return STAMP.read_text(encoding="utf-8").splitlines() if STAMP.exists() else []


def good():
    """The stamp that a good .venv has, but for the dependency groups in it: they follow, a line each."""
    try:
        venv = dict(line.split(" = ", 1) for line in (VENV / "pyvenv.cfg").read_text(encoding="utf-8").splitlines())
        for needed in (PYTHON, KATA, venv["executable"]):  # a Python upgraded or removed since takes its .venv with it
            os.stat(str(needed))
    except (OSError, KeyError, ValueError):
        return [None]
    version = venv["version"] if sys.version_info < (3, 11) else sys.version
    files = b"\0".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt", "hatch_build.py"))
    return ["Python %s in %s" % (".".join(version.split(".")[:2]), VENV), hashlib.sha256(files).hexdigest()]


def newer_python():
    for version in ("3.14", "3.13", "3.12", "3.11"):
        command = ["py", "-" + version] if WINDOWS else ["python" + version]
        found = shutil.which(command[0])  # it is run before it is trusted: a name on PATH may be an empty shim
        if found and not fault([found, *command[1:], "-c", "import venv"]):
            return [found, *command[1:]]
    raise OSError(TOO_OLD % sys.version_info[:2])


def set_up(groups):
    if hasattr(os, "lockf"):  # a second start waits here for the first. On Windows both may fail; the next one repairs
        os.lockf(os.open(__file__, os.O_RDWR), os.F_LOCK, 0)
    kept, groups = stamp()[:1] == good()[:1], sorted(set(groups + stamp()[2:]))
    print("Bringing .venv up to date ..." if kept else "Setting up .venv (once, about a minute) ...", file=sys.stderr)
    STAMP.unlink() if kept else make_venv()
    install = [PYTHON, "-m", "pip", "install", "-c", "constraints.txt"]
    project = ["--build-constraint", "constraints.txt", "-e", ".", *("--group=" + group for group in groups)]
    failed = fault([*install, "pip"]) or fault(install + project)
    if failed:
        raise OSError(failed + "\nThat was pip. Look at the network, the proxy and the free disk space.")
    STAMP.write_text("\n".join(map(str, good() + groups)), encoding="utf-8")


def make_venv():
    found = os.listdir(str(VENV)) if VENV.exists() else []
    if "pyvenv.cfg" not in found and set(found) - OF_A_VENV:
        raise OSError("%s is not a Python environment, so it is left alone. Move it away." % VENV)
    shutil.rmtree(str(VENV)) if found else None
    base = getattr(sys, "_base_executable", sys.executable)  # not a Python of the .venv just removed
    if fault([base, "-m", "venv", VENV]):  # Debian's Python may have no ensurepip: then the pip outside puts pip in
        shutil.rmtree(str(VENV), ignore_errors=True)
        outside = [base, "-m", "pip", "--python", PYTHON, "install", "-c", "constraints.txt", "pip"]
        failed = fault([base, "-m", "venv", "--without-pip", VENV]) or fault(outside)
        if failed:
            raise OSError(failed + NO_PIP % sys.version_info[1])


def fault(command):
    """Runs it quietly. The end of what it said if it failed, else nothing."""
    env = {name: value for name, value in os.environ.items() if name not in LEADS_ELSEWHERE}
    env.update(FOR_PIP, PYTHONNOUSERSITE="1")
    env.update({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS.as_uri()} if WHEELS.is_dir() else {})
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run([str(word) for word in command], cwd=str(ROOT), env=env, **pipes)
    said = done.stdout.decode("utf-8", "replace").splitlines()[-30:]
    return "\n".join(said or ["It failed without a word."]) if done.returncode else ""


def become(command):
    if not WINDOWS:
        os.execv(str(command[0]), [str(word) for word in command])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that runs, and so is the exit status
    sys.exit(subprocess.call([str(word) for word in command]))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (KeyboardInterrupt, OSError) as error:
        print("%s\nTo go on, type the same line again." % (str(error) or "\nStopped in the set-up."), file=sys.stderr)
        sys.exit(3 if str(error) else 130)
