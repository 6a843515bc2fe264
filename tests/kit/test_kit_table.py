"""Rows drawn from a pool: one of each group, by a number alone, and written so that the file gives them back."""

import dataclasses
import secrets
import tomllib

import pytest

from kms_katas.kit import KataError, find_kit
from kms_katas.kit.table import is_starter, pool_of, read_pool, starter, table_number, written

POOL = """
schema = "urn:kms-katas:rows:1"

[answers]
word = ["yes", "no"]
why = []

[[document]]
name = "first"
about = "The first."
text = '''
{"a": "\\\\"}
'''
""" + "".join(
    f'\n[[row]]\ngroup = "{group}"\nread = ["first"]\nasked = "{group} \\"{number}\\" é"\nwith = {{ "a:b" = "c" }}\n'
    for group in "pqr"
    for number in range(4)
)


@pytest.fixture
def pool():
    return read_pool(POOL.encode(), "rows.toml")


@pytest.fixture
def kata(mini_root, mini_kit):
    path = mini_kit.starter(mini_kit.katas[0]) / "rows.toml"
    path.write_text(POOL, "utf-8")
    (path.parent / "table.toml").write_text("# TODO 1: fill in.\n")
    return dataclasses.replace(mini_kit.katas[0], answer=("table.toml",), rows=path)


def test_every_number_draws_one_row_of_each_group_and_always_the_same(pool):
    for number in (0, 1, secrets.randbelow(2**31)):
        rows = pool.drawn(number)
        assert [row.group for row in rows] == ["p", "q", "r"]
        assert rows == pool.drawn(number)


def test_numbers_draw_different_rows_and_reach_them_all(pool):
    draws = [pool.drawn(number) for number in range(200)]
    assert len({tuple(row.given["asked"] for row in rows) for rows in draws}) > 30
    assert {row.given["asked"] for rows in draws for row in rows} == {row.given["asked"] for row in pool.rows}


def test_what_is_drawn_never_changes(pool):
    """A file that was drawn a year ago is graded by what its number draws today."""
    assert [row.given["asked"].split('"')[1] for row in pool.drawn(1)] == ["2", "0", "2"]


def test_the_file_gives_back_what_was_drawn(pool):
    number = secrets.randbelow(2**31)
    data = tomllib.loads(written(pool, number))
    assert data["table"] == number
    assert data["document"] == {"first": {"text": '{"a": "\\\\"}\n'}}
    for place, row in enumerate(pool.drawn(number), 1):
        assert data["row"][str(place)] == {"read": ["first"], **row.given, "word": "", "why": ""}


def test_the_number_depends_on_seed_kata_and_draw(kata):
    seed = secrets.randbelow(2**31)
    other = dataclasses.replace(kata, id="keys/other")
    numbers = {table_number(seed, kata, 0), table_number(seed, kata, 1), table_number(seed, other, 0)}
    assert len(numbers) == 3 and numbers == {*numbers, table_number(seed, kata, 0)}


def test_a_starter_with_rows_of_any_number_is_a_starter_and_one_filled_in_is_none(kata):
    folder = kata.rows.parent
    text = starter(kata, folder, "table.toml", secrets.randbelow(2**31))
    assert is_starter(kata, folder, "table.toml", text)
    assert is_starter(kata, folder, "table.toml", text.replace(b"\n", b"\r\n"))
    assert is_starter(kata, folder, "table.toml", (folder / "table.toml").read_bytes())
    assert not is_starter(kata, folder, "table.toml", text.replace(b'word = ""', b'word = "yes"', 1))


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("urn:kms-katas:rows:1", "urn:else", "schema"),
        ('read = ["first"]', 'read = ["second"]', "is no document"),
        ('asked = "p', 'word = "p', "a field to fill in"),
        ('name = "first"', 'name = "The first"', "a name in small letters"),
        ('{ "a:b" = "c" }', "{ a = 1 }", "what a row gives"),
        ('group = "p"', 'group = ["p"', "cannot be read"),
        ("[answers]", "[answer]", "and nothing else"),
    ],
)
def test_a_pool_that_cannot_be_used_gets_a_sentence(old, new, told):
    assert old in POOL
    with pytest.raises(KataError, match=told):
        read_pool(POOL.replace(old, new).encode(), "rows.toml")


def test_every_pool_of_the_kit_has_enough_to_draw_from():
    for kata in find_kit().katas:
        if pool := pool_of(kata):
            assert len(pool.rows) >= 24, kata.id
            groups = {row.group for row in pool.rows}
            assert all(sum(row.group == group for row in pool.rows) >= 3 for group in groups), kata.id
