"""`kata dev check`: the content's faults, one sentence each."""

from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.place import Place


def check(place: Place, word: str | None, seeds: int) -> int:
    """Look at every file; then, if the files are whole, grade every answer."""
    from kms_katas.grading.content_layout import layout_findings

    kit, console = place.kit, screen.console()
    findings = list(layout_findings(kit))
    katas = () if findings else (place.find(word),) if word else kit.katas
    if katas:
        from kms_katas.grading.content_proof import proof_of_all
        from kms_katas.grading.runner import best_runner

        runner = best_runner()
        try:
            findings = list(proof_of_all(kit, katas, runner, seeds))
        finally:
            runner.close()
    for finding in findings:
        console.print(str(finding), markup=False)
    if findings:
        console.print(screen.count(len(findings), "fault") + ".", style="red")
        return NOT_PASSED
    console.print(
        f"{screen.count(len(katas), 'kata')} in order: starters fail, right answers pass, "
        f"wrong ones fail the check they name, on {screen.count(seeds, 'seed')}.",
        style="green",
    )
    return PASSED
