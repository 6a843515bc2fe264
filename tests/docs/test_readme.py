"""What the README shows runs as it stands there."""

import re
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_example_of_the_lab_fixture_passes(pytester: pytest.Pytester) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    pytester.makepyfile(test_example=example)
    result = pytester.runpytest_subprocess("-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*none of arn:aws:iam::*:user/app allows kms:ScheduleKeyDeletion*"])


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_its_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_every_verb_it_names_is_one_of_the_command() -> None:
    from kms_katas.cli.app import app

    def verbs(of: typer.Typer) -> set[str]:
        return {command.name or command.callback.__name__ for command in of.registered_commands if command.callback}

    groups = {group.name: verbs(group.typer_instance) for group in app.registered_groups if group.typer_instance}
    named = re.findall(r"python3 kata\.py ([a-z]+)(?: ([a-z]+))?", README)
    assert {verb for verb, _ in named if verb not in groups} - {"test"} <= verbs(app)
    assert [(group, verb) for group, verb in named if group in groups and verb not in groups[group]] == []
