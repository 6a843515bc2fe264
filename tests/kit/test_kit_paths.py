"""Paths through a kit: read in order, and refused or found fault with in one sentence each."""

import random

import pytest

from kms_katas.kit import KataError, KitError, find_kit
from kms_katas.kit.paths import path_findings, path_named, paths_of


@pytest.fixture
def kit_of(mini_root):
    """A kit with as many katas as are named, 5 minutes each, and this paths.toml."""

    def make(text, *katas):
        for number, (name, needed, debrief) in enumerate(katas, 2):
            folder = mini_root / "katas" / "01-keys" / f"{number:02}-{name}"
            folder.mkdir()
            for path in (mini_root / "katas" / "01-keys" / "01-mini").iterdir():
                (folder / path.name).write_text(path.read_text("utf-8").replace("keys/mini", f"keys/{name}"), "utf-8")
            toml = (folder / "kata.toml").read_text("utf-8")
            toml = toml.replace("prerequisites = []", f"prerequisites = {needed}")
            (folder / "kata.toml").write_text(toml.replace("why =", f'debrief = "{debrief}"\nwhy =', 1), "utf-8")
        (mini_root / "katas" / "paths.toml").write_text(text, "utf-8")
        return find_kit(mini_root)

    return make


def written(katas, minutes=20):
    return f'schema = "urn:kms-katas:paths:1"\n[path.short]\ntitle = "A walk"\nminutes = {minutes}\nkatas = {katas}\n'


A, B = ("a", [], "And a?"), ("b", ["keys/a"], "And b?")


def test_a_path_has_its_katas_in_its_own_order_and_their_minutes(kit_of):
    order = random.sample(["keys/a", "keys/b", "keys/mini"], 3)
    (path,) = paths_of(kit_of(written(order), A, B))
    assert [kata.id for kata in path.katas] == order
    assert (path.minutes, path.solving) == (20, 15)


def test_a_kit_without_the_file_has_no_paths(mini_kit):
    assert paths_of(mini_kit) == ()
    with pytest.raises(KitError, match="no paths"):
        path_named(mini_kit, "short")


def test_a_path_is_found_in_any_case_and_an_unknown_one_is_answered_with_all(kit_of):
    kit = kit_of(written(["keys/a"]), A)
    assert path_named(kit, "SHORT").name == "short"
    with pytest.raises(KitError, match=r"There are short\.$"):
        path_named(kit, "long")


def test_who_asks_for_an_exam_as_a_path_is_told_of_its_katas(kit_of):
    kit = kit_of(written(["keys/a"]), A)
    kata = kit.katas[0]
    with pytest.raises(KitError, match=f"list --exam {kata.exams[0].upper()}`"):
        path_named(kit, kata.exams[0].lower())


def test_a_good_path_has_no_fault(kit_of):
    assert list(path_findings(kit_of(written(["keys/a", "keys/b"]), A, B))) == []


@pytest.mark.parametrize(
    "katas, minutes, sentence",
    [
        (["keys/a", "keys/b"], 9, "take 10 minutes, and it has 9"),
        (["keys/b", "keys/a"], 20, "needs keys/a, which must stand before"),
        (["keys/a", "keys/a"], 20, "twice"),
        (["keys/mini"], 20, "`debrief` is missing"),
    ],
)
def test_a_fault_of_a_path_is_one_sentence(kit_of, katas, minutes, sentence):
    (finding,) = path_findings(kit_of(written(katas, minutes), A, B))
    assert sentence in str(finding)


@pytest.mark.parametrize(
    "text",
    [
        "= =",
        'schema = "urn:kms-katas:paths:2"',
        written([]),
        written(["keys/nothing"]),
        written([1]),
        written(["keys/mini"], 0),
        written(["keys/mini"], "true"),
        written(["keys/mini"]) + "more = 1\n",
        written(["keys/mini"]).replace("short", '"a b"'),
        'schema = "urn:kms-katas:paths:1"\npath = 3\n',
        'schema = "urn:kms-katas:paths:1"\n[path]\nshort = 3\n',
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence_and_found_by_the_authors_check(kit_of, text):
    kit = kit_of(text)
    with pytest.raises(KataError, match=r"^katas/paths\.toml"):
        paths_of(kit)
    assert len(list(path_findings(kit))) == 1


def test_the_paths_of_this_kit_are_in_order_and_leave_time_to_talk():
    kit = find_kit()
    assert list(path_findings(kit)) == []
    workshops = [path for path in paths_of(kit) if path.name.startswith("workshop-")]
    assert {path.name for path in workshops} >= {"workshop-45", "workshop-90", "workshop-180"}
    assert all(path.solving <= path.minutes * 0.8 for path in workshops)
