"""What the tests of the bank share: docs/make can be imported, as `make`, for the pages that questions lead to."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))
