"""Where the kit is found, and how a word finds a kata."""

import shutil

import pytest

import kms_katas
from kms_katas.kit import KitError, find_kit
from kms_katas.kit import catalog as catalog_module


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Makes the package look as if it lay at src/kms_katas of another folder, as an editable install puts it."""
    package = tmp_path / "place" / "src" / "kms_katas"
    (package / "kit").mkdir(parents=True)
    monkeypatch.setattr(catalog_module, "__file__", str(package / "kit" / "catalog.py"))
    return package


def copy_kit(mini_root, target):
    for part in ("katas", "solutions", "tests"):
        shutil.copytree(mini_root / part, target / part)


def test_the_option_names_the_kit(mini_root, installed):
    copy_kit(mini_root, installed / "_kit")
    assert find_kit(mini_root).root == mini_root.resolve()


def test_a_wheel_holds_its_own_copy(mini_root, installed):
    copy_kit(mini_root, installed / "_kit")
    assert find_kit().root == (installed / "_kit").resolve()


def test_an_editable_install_reads_the_repository(mini_root, installed):
    copy_kit(mini_root, installed.parent.parent)
    assert find_kit().root == installed.parent.parent.resolve()


def test_this_very_install_has_katas():
    assert find_kit().katas
    assert kms_katas.__version__


def test_a_folder_that_is_no_kit_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(KitError, match="katas/ and tests/graders/"):
        find_kit(tmp_path)


def test_a_missing_kit_is_told_in_a_sentence(installed):
    with pytest.raises(KitError, match="--kit"):
        find_kit()


@pytest.mark.parametrize(
    "word",
    [
        "keys/mini",
        "mini",
        "min",
        "MINI",
        "keys/mini/",
        "01-keys/01-mini",
        "a/b/keys/mini/answer.py",
        "k\\keys\\mini\\answer.py",
    ],
)
def test_a_kata_is_found_by_id_path_or_unique_part(mini_kit, word):
    assert mini_kit.find(word).id == "keys/mini"


@pytest.mark.parametrize("word", ["", "nothing", "keys/minimal", "answer.py"])
def test_an_unknown_word_is_refused_and_points_to_the_list(mini_kit, word):
    with pytest.raises(KitError, match="kata list"):
        mini_kit.find(word)


def test_a_word_that_fits_two_katas_names_both(mini_root):
    second = mini_root / "katas" / "01-keys" / "02-minor"
    shutil.copytree(mini_root / "katas" / "01-keys" / "01-mini", second)
    (second / "kata.toml").write_text((second / "kata.toml").read_text().replace("keys/mini", "keys/minor"))
    with pytest.raises(KitError, match="keys/mini, keys/minor"):
        find_kit(mini_root).find("min")


def test_the_digest_of_the_checks_changes_with_them(mini_kit):
    (kata,) = mini_kit.katas
    before = mini_kit.checks_digest(kata)
    with mini_kit.grader(kata).open("a") as file:
        file.write("\n")
    assert mini_kit.checks_digest(kata) != before
    before = mini_kit.checks_digest(kata)
    (mini_kit.graders / "conftest.py").write_text("SHARED = 1\n", "utf-8")
    assert mini_kit.checks_digest(kata) != before
