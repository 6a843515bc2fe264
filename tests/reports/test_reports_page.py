"""The page on reports names every format, and its examples are what the formats give."""

import re
from pathlib import Path

import pytest

from kms_katas.cli.app import CheckFormat, GradeFormat

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "reports.md").read_text("utf-8")
GOLDEN = Path(__file__).with_name("golden")
FILES = {
    "junit": "junit.xml",
    "gradescope": "gradescope.json",
    "classroom50": "classroom50.json",
    "exercism": "exercism-error.json",
    "github": "annotations.txt",
    "csv": "cohort.csv",
    "html": "answer.html",
    "stats-json": "statistics.json",
    "stats-csv": "statistics.csv",
    "stats-html": "statistics.html",
}


def test_the_table_has_the_formats_of_each_command():
    rows = [re.split(r" *\| *", line)[1:-1] for line in PAGE.splitlines() if re.match(r"\| `\w", line)]
    assert [row[0].strip("`") for row in rows if row[2]] == list(CheckFormat)
    assert [row[0].strip("`") for row in rows if row[3]] == list(GradeFormat)


@pytest.mark.parametrize("format", FILES)
def test_an_example_is_what_the_format_gives(format):
    section = PAGE.split(f"\n## `{format}`\n")[1].split("\n## ")[0]
    golden = {line.strip() for line in (GOLDEN / FILES[format]).read_text("utf-8").splitlines()}
    examples = re.findall(r"^```(?:xml|json|text|html)\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    examples = [example for example in examples if not example.startswith("kata ")]
    assert examples
    for example in examples:
        assert {line.strip() for line in example.splitlines()} <= golden
