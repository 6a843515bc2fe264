"""`kata dev check`: the content's faults, one sentence each."""

from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.place import Place
from kms_katas.kit import Finding, Kata, Kit


def check(place: Place, word: str | None, seeds: int) -> int:
    """Look at every file; then, if the files are whole, grade every answer."""
    from kms_katas.grading.content_layout import layout_findings

    kit, console = place.kit, screen.console()
    findings = list(layout_findings(kit))
    if not findings:
        findings = _proof(kit, (kit.find(word),) if word else kit.katas, seeds)
    for finding in findings:
        console.print(str(finding), markup=False)
    if findings:
        console.print(f"{len(findings)} faults.", style="red")
        return NOT_PASSED
    count = 1 if word else len(kit.katas)
    console.print(
        f"{count} katas are in order: starters fail, right answers pass, wrong ones fail the check they name, on {seeds} seeds.",
        style="green",
    )
    return PASSED


def _proof(kit: Kit, katas: tuple[Kata, ...], seeds: int) -> list[Finding]:
    from kms_katas.grading.content_proof import proof_findings
    from kms_katas.grading.lane import grade_in_lane
    from kms_katas.grading.runner import best_runner

    runner = best_runner()
    try:
        return grade_in_lane(
            kit,
            katas,
            runner,
            lambda lane: [finding for kata in katas for finding in proof_findings(kit, kata, lane, seeds)],
        )
    finally:
        runner.close()
