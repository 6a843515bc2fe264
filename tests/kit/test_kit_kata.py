"""A kata.toml that cannot be used is refused with one sentence that names the file and the field."""

import re

import pytest

from kms_katas.kit import KataError, find_kit
from kms_katas.kit.kata import _REQUIRED

FILE = "katas/01-keys/01-mini/kata.toml"


def refusal(mini_root, change):
    path = mini_root / FILE
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    with pytest.raises(KataError) as refused:
        _ = find_kit(mini_root).katas
    sentence = str(refused.value)
    assert sentence.startswith("01-keys/01-mini/kata.toml")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("field", sorted(set(_REQUIRED) - {"task"}))
def test_a_missing_field_is_named(mini_root, field):
    assert (
        f"`{field}`" in refusal(mini_root, lambda text: re.sub(rf"^{field} = .*\n", "", text, flags=re.M))
        or field == "schema"
    )


@pytest.mark.parametrize("field", sorted(set(_REQUIRED) - {"task", "schema"}))
def test_a_field_of_the_wrong_type_is_named(mini_root, field):
    assert f"`{field}`" in refusal(
        mini_root, lambda text: re.sub(rf"^{field} = .*$", f"{field} = 1.5", text, flags=re.M)
    )


def test_a_true_is_no_number(mini_root):
    assert "`level`" in refusal(mini_root, lambda text: text.replace("level = 1", "level = true"))


def test_a_field_that_nothing_reads_is_named(mini_root):
    assert "`speling`" in refusal(mini_root, lambda text: "speling = 1\n" + text)


def test_another_schema_is_refused(mini_root):
    assert "urn:kms-katas:kata:1" in refusal(mini_root, lambda text: text.replace("kata:1", "kata:2"))


def test_what_is_not_toml_is_refused(mini_root):
    refusal(mini_root, lambda text: text + "= =\n")


@pytest.mark.parametrize("bad", ["Keys/mini", "mini", "keys/mini/x", "keys/1", "keys/mini\\n"])
def test_an_id_of_another_form_is_refused(mini_root, bad):
    assert "id" in refusal(mini_root, lambda text: text.replace('"keys/mini"', f'"{bad}"'))


def test_a_list_holds_texts(mini_root):
    assert "`concepts`" in refusal(mini_root, lambda text: text.replace('["decrypt"]', "[1]"))


@pytest.mark.parametrize(
    "change", [('title = "Open it"', "name = 1"), ('["Vague.", "Direct."]', "[1]"), ('"Open it"', "1")]
)
def test_a_task_has_a_title_and_hints(mini_root, change):
    assert "task 1" in refusal(mini_root, lambda text: text.replace(*change))
