"""Answers in TOML: read within bounds, each fault told with file, line and column."""

import secrets
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.grading.document import MAX_DEPTH, MAX_DOCUMENT
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.toml_document import _TOKEN, read_toml


@pytest.fixture
def read(tmp_path):
    def read_it(text):
        path = tmp_path / "table.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_toml(path)

    return read_it


def refused(read, text):
    with pytest.raises(AnswerUnusable) as caught:
        read(text)
    return caught.value


def test_what_it_says_comes_back_whatever_the_line_ends_and_the_mark(read):
    word = secrets.token_hex(4)
    assert read(b"\xef\xbb\xbf" + f'a = "{word}"\r\n[b]\r\nc = 1\r\n'.encode()).data == {"a": word, "b": {"c": 1}}


@pytest.mark.parametrize(
    "text, line, column",
    [
        ("a = 1\nb = allow\n", 2, 5),
        ('a = "one\nb = 2\n', 1, 9),
        ("a = 1\na = 2\n", 2, 6),
        ("[x]\n\n[x]\n", 3, 3),
        ("a = [1,\n", 1, 8),
        (b"ok = 1\nb = \xff\n", 2, 5),
    ],
)
def test_a_fault_has_its_line_and_column(read, text, line, column):
    found = refused(read, text)
    assert found.message.startswith(f"table.toml, line {line}, column {column}: "), found.message
    assert found.line == line and found.file.endswith("table.toml") and found.next_step.startswith("Open ")


def test_too_many_bytes_are_refused_before_they_are_read(read, monkeypatch):
    monkeypatch.setattr(tomllib, "loads", lambda text: pytest.fail("it was read"))
    assert str(MAX_DOCUMENT) in refused(read, "a = '" + "x" * MAX_DOCUMENT + "'").message


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "a = " + "{ a = " * (MAX_DEPTH + 1) + "1" + " }" * (MAX_DEPTH + 1),
        "[" + ".".join("a" * (MAX_DEPTH + 2)) + "]",
        ".".join("a" * (MAX_DEPTH + 2)) + " = 1",
        "a = " + "[" * 10_000,
    ],
)
def test_too_deep_is_refused_before_it_is_read(read, text, monkeypatch):
    monkeypatch.setattr(tomllib, "loads", lambda text: pytest.fail("it was read"))
    assert f"more than {MAX_DEPTH} deep" in refused(read, text).message


def test_brackets_in_texts_and_comments_do_not_count(read):
    many = "[" * 100
    read(f"# {many}\na = '''\n{many}''\n'''\nb = \"\"\"{many}\\\"\"\"\"\nc = \"{many}\"\nd = '{many}'\n")


def test_a_number_of_thousands_of_digits_gets_a_sentence(read):
    assert "cannot be read" in refused(read, f"a = {'9' * 10_000}").message


@given(st.text(alphabet="\"'\\\n#[]{}.=a1 ", max_size=60))
def test_tokens_cover_brackets_of_whatever_is_toml(text):
    """What Python's reader takes has as many opening as closing brackets outside its texts and comments."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    found = [token[0] for token in _TOKEN.finditer(text)]
    assert found.count("[") == found.count("]") and found.count("{") == found.count("}")


@pytest.mark.parametrize("quote", ['"""', "'''", '"', "'", '"""\\', '\\"""'])
def test_quotes_that_never_end_take_no_time_in_the_square(read, quote):
    with pytest.raises(AnswerUnusable):
        read("a = " + (quote * MAX_DOCUMENT)[: MAX_DOCUMENT - 10])
