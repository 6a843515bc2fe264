"""Which pages are made, and of what. Not for how one is put together: each kind has a module of its own."""

from pathlib import Path

from kms_katas.kit.catalog import Kit, find_kit
from kms_katas.kit.claims import Text, load_claims
from kms_katas.kit.exams import Exams, load_exams
from kms_katas.kit.questions import TOPICS, Question, load_questions
from make import facts
from make.claims import claim_pages
from make.exams import exam_pages
from make.katas import kata_pages
from make.paths import EXAM_PATHS, path_pages
from make.quiz import quiz_parts
from make.shown import shown_tests
from make.writing import Page, Part


def made_pages(root: Path) -> list[Page]:
    """Every page made from the kit at `root`. Raises KitError and KataError for what cannot be read."""
    kit = find_kit(root)
    exams = _exams(kit)
    texts = _texts(kit, exams)
    questions = _questions(kit, texts, exams)
    tests = shown_tests(root / "tests" / "claims")
    pages = [*kata_pages(kit, texts), *path_pages(kit, exams), *claim_pages(texts, tests, kit)]
    pages.append(Page(facts.PAGE, facts.page(facts.load_facts(root / "docs" / "facts.toml"))))
    return [*pages, *exam_pages(kit, exams, questions, EXAM_PATHS)] if exams else pages


def made_parts(root: Path) -> list[Part]:
    """Every part of a page that is written by hand. Raises as above."""
    kit = find_kit(root)
    exams = _exams(kit)
    return list(quiz_parts(root / "docs", _questions(kit, _texts(kit, exams), exams)))


def _texts(kit: Kit, exams: Exams | None) -> tuple[Text, ...]:
    """Of the ledger, which a kit need not have."""
    if not any(kit.claims.glob("*.toml")):
        return ()
    codes = {exam.code for exam in exams.exams} if exams else None
    return load_claims(kit.claims, {kata.id for kata in kit.katas}, codes)


def _exams(kit: Kit) -> Exams | None:
    return load_exams(kit.exams, kit.katas, TOPICS) if kit.exams.is_file() else None


def _questions(kit: Kit, texts: tuple[Text, ...], exams: Exams | None) -> tuple[Question, ...]:
    claims = {claim.id for text in texts for claim in text.claims}
    return load_questions(kit.questions, claims, exams) if any(kit.questions.glob("*.toml")) else ()
