"""A kata may be about a package that the kit itself does not need: it is imported beforehand, and its lack is told."""

from pathlib import Path

import pytest

from kms_katas.grading.content_proof import proof_of_all
from kms_katas.grading.runner import Runner, preparations_for
from kms_katas.kit import KataError, Kit

from .conftest import Grade, Hold, by_both_runners

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
IMPORTED = "import sys\n\n\ndef imported(name):\n    return name in sys.modules\n"
RARE = "colorsys"


def about(kit: Kit, packages: str) -> Kit:
    place = Path(kit.starters) / kit.katas[0].folder / "kata.toml"
    place.write_text(f"packages = {packages}\n" + place.read_text("utf-8"), "utf-8")
    return Kit(kit.root)


@by_both_runners
def test_an_answer_finds_the_package_imported_before_it_was_read(hold: Hold, runner: Runner) -> None:
    assert not hold(IMPORTED).call("imported", RARE)
    runner.preparations = frozenset({f"import {RARE}"})
    try:
        for _ in range(2):  # the spawned runner has one process ready that was started before
            found = hold(IMPORTED).call("imported", RARE)
    finally:
        runner.preparations = frozenset()
    assert found


@by_both_runners
def test_what_the_package_logs_is_not_taken_for_what_the_answer_prints(hold: Hold, runner: Runner) -> None:
    logs = f'import logging\n\n\ndef log():\n    logging.getLogger("{RARE}.part").error("refused")\n'
    runner.preparations = frozenset({f"import {RARE}"})
    try:
        for _ in range(2):  # as above
            answer = hold(logs)
            answer.call("log")
    finally:
        runner.preparations = frozenset()
    assert "refused" not in answer.output


def test_packages_and_services_of_all_katas_are_prepared_but_for_kms_which_always_is(mini_kit: Kit) -> None:
    kit = about(mini_kit, '["json", "colorsys"]')
    assert preparations_for(kit.katas) == {"import json", "import colorsys"}


def test_without_its_package_nothing_is_known_of_an_answer_and_the_next_step_says_so(
    mini_kit: Kit, grade: Grade
) -> None:
    kit = about(mini_kit, '["no_such_package"]')
    verdict = grade(RIGHT, kit=kit)
    assert {check.status for check in verdict.checks} == {"skipped"} and not verdict.passed
    assert all("no_such_package" in check.message and check.next_step for check in verdict.checks)


def test_dev_check_says_which_package_is_lacking_and_nothing_else(mini_kit: Kit, runner: Runner) -> None:
    kit = about(mini_kit, '["no_such_package"]')
    [proof] = proof_of_all(kit, dict.fromkeys(kit.katas, 1), lambda: runner)
    [finding] = proof.findings
    assert "no_such_package" in str(finding)


@pytest.mark.parametrize("packages", ['"json"', "[1]", '[""]', '["a-b"]'])
def test_packages_that_are_no_list_of_import_names_are_refused(mini_kit: Kit, packages: str) -> None:
    with pytest.raises(KataError, match="`packages`"):
        about(mini_kit, packages).katas  # noqa: B018
