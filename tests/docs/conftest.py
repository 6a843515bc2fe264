"""What the tests of the pages share: docs/make can be imported, as `make`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))
