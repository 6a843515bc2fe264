"""`kata dev new` and `kata dev check`: the files of a kata to be written; the content's faults, one sentence each."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.place import Place
from kms_katas.grading.content_template import Kind, files_of, new_kata
from kms_katas.grading.source import display_path
from kms_katas.kit import Kata, KataError, Kit, KitError

if TYPE_CHECKING:
    from kms_katas.grading.content_proof import Proof


def new(place: Place, kata_id: str, title: str, level: int, kind: Kind) -> int:
    """Make every file of a kata, and say what is next. Nothing that is there is written over."""
    kit, console = place.of(None).kit, screen.console()
    if kit.root.name == "_kit":
        raise KitError("This kit lies inside the installed package. Name one of your own: kata --kit DIR dev new ...")
    kata = new_kata(kit, kata_id, title, level, kind)
    files = files_of(kata)
    in_the_way = [name for name in files if (kit.root / name).exists()]
    if in_the_way:
        raise KitError(f"{' and '.join(in_the_way)}: in the way. Nothing was made; move it away, or take another name.")
    _write(kit.root, files)
    console.print(Text.assemble((kata.id, "bold"), f", {kata.title}. {len(files)} files to fill in:"))
    for name in files:
        console.print(Text.assemble("  ", (display_path(kit.root / name), "cyan")))
    check = f"--kit {place.kit_option} dev check" if place.kit_option else "dev check"
    if (kit.root / "mkdocs.yml").is_file():
        for pages, line in kata.nav_lines.items():
            console.print(Text(f"Put this line into mkdocs.yml, under {pages} and its track:"))
            console.print(Text(line, style="cyan"))
    console.print(Text.assemble("What is still to do, one by one: ", (screen.command(check), "cyan")))
    return PASSED


def _write(root: Path, files: Mapping[str, str]) -> None:
    """All of them or none. Raises KitError."""
    made: list[Path] = []
    try:
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                made.append(path)
                file.write(text)
    except OSError as error:
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink()
        raise KitError(
            f"{error.filename} cannot be written: {error.strerror}. No file was made. "
            "Give --kit a folder that you may write to."
        ) from error


RECORDED_SEEDS = 5
"""On so many at least, a kata is noted as tried."""


def check(place: Place, word: str | None, seeds: int, unchanged_seeds: int | None) -> int:
    """Look at every file; then, if the files are whole, grade every answer."""
    from kms_katas.grading.content_layout import layout_findings

    place = place.of(None)
    kit, console = place.kit, screen.console()
    try:
        katas = (place.find(word),) if word else kit.katas
    except KataError:
        katas = ()  # one cannot be read: it is among the findings
    findings = list(layout_findings(kit, katas[0] if word and katas else None))
    proofs: list[Proof] = []
    if not findings:
        from kms_katas.grading.content_proof import proof_of_all
        from kms_katas.grading.content_record import unchanged
        from kms_katas.grading.runner import best_runner

        as_recorded = unchanged(kit) if unchanged_seeds is not None else set()
        tried = {kata: unchanged_seeds or seeds if kata in as_recorded else seeds for kata in katas}
        task = f"Checking {screen.count(len(katas), 'kata')} ..."
        with screen.waiting(task) as show:
            proofs = list(
                proof_of_all(
                    kit,
                    tried,
                    lambda: best_runner(hidden=(kit.root,)),
                    lambda done, of: show(f"{task} {done} of {screen.count(of, 'grading')} done"),
                )
            )
        findings = [finding for proof in proofs for finding in proof.findings]
    for finding in findings:
        console.print(str(finding), markup=False)
    if findings:
        console.print(screen.count(len(findings), "fault") + ".", style="red")
        return NOT_PASSED
    for proof in proofs:
        told = f"{screen.count(proof.answers, 'answer')} on {screen.count(proof.seeds, 'seed')}"
        cost = f"{1000 * proof.cpu_seconds:.0f} ms of CPU each"
        console.print(Text.assemble((f"{proof.kata.id:32}", "bold"), f"{told:26}", (cost, "dim")))
    if len(proofs) > 1:
        gradings = sum(proof.answers * proof.seeds for proof in proofs)
        spent = sum(proof.answers * proof.seeds * proof.cpu_seconds for proof in proofs)
        told = f"{sum(proof.answers for proof in proofs):,} answers, {gradings:,} gradings"
        console.print(f"{'all together':32}{told}, {1000 * spent / gradings:.0f} ms of CPU each")
    console.print(
        f"{screen.count(len(proofs), 'kata')} in order: starters fail, right answers pass, "
        "wrong ones fail the check they name.",
        style="green",
    )
    _note(kit, [proof.kata for proof in proofs if proof.seeds >= RECORDED_SEEDS])
    return PASSED


def _note(kit: Kit, katas: list[Kata]) -> None:
    from kms_katas.grading.content_record import NAME, record

    try:
        record(kit, katas)
    except OSError as error:
        where = display_path(kit.solutions / NAME)
        screen.console().print(f"{where} could not be written, so CI will try all seeds again: {error.strerror}.")
