"""What the AWS Encryption SDK does letter by letter gives the same when it is done at once."""

import random
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("aws_encryption_sdk")

import _dafny
from smithy_dafny_standard_library.internaldafny.generated import UTF8, Base64, StandardLibrary

from kms_katas.child.unfolded import unfold

PLACES = (
    (_dafny.Seq, "__iter__"),
    (_dafny.Seq, "__getitem__"),
    (StandardLibrary.default__, "FindIndexMatching"),
    (UTF8.default__, "IsASCIIString"),
    (UTF8.default__, "ValidUTF8Seq"),
    (Base64.default__, "Encode"),
    (Base64.default__, "Decode"),
)


@pytest.fixture
def unfolding(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Once it is called the functions are ours; after the test the library has its own again."""

    def now() -> None:
        for place, name in PLACES:
            monkeypatch.setattr(place, name, vars(place).get(name), raising=False)
        unfold()

    return now


def _plain(value: Any) -> Any:
    """Something that no function of ours takes part in, to compare."""
    if isinstance(value, _dafny.Seq):
        return type(value), list(value.Elements), _dafny.string_of(value)
    if hasattr(value, "value"):
        return type(value), _plain(value.value)
    return type(value), getattr(value, "error", value) if not hasattr(value, "error") else _plain(value.error)


def _letters(alphabet: str) -> list[str]:
    return ["".join(random.choices(alphabet, k=random.randint(0, 9))) for _ in range(400)]


def _same_before_and_after(unfolding: Any, *found: Any) -> None:
    """Each of `found` gives plain values, afresh."""
    before = [each() for each in found]
    unfolding()
    assert [each() for each in found] == before


def test_parts_of_a_sequence(unfolding: Any) -> None:
    made = (
        lambda: _dafny.Seq("aws:kms"),
        lambda: _dafny.Seq([1, 2]) + _dafny.Seq([3, 4, 5]),
        lambda: _dafny.Seq("ab") + _dafny.Seq("cd"),
        lambda: _dafny.SeqWithoutIsStrInference(["a", "b"]),
        lambda: _dafny.Seq([]),
    )
    keys = [slice(low, high) for low in (None, 0, 1, 3) for high in (None, 0, 2, 9)]
    _same_before_and_after(
        unfolding,
        *(lambda make=make, key=key: _plain(make()[key]) for make in made for key in keys),
        *(lambda make=make: list(make()) for make in made),
    )
    sequence = _dafny.Seq([1, 2])
    assert (sequence[0], sequence[1]) == (1, 2)
    with pytest.raises(IndexError):
        sequence[2]
    sequence[:].Elements.append(3)
    assert sequence.Elements == [1, 2]


def test_places_in_a_sequence(unfolding: Any) -> None:
    texts = _letters("a:/")
    _same_before_and_after(
        unfolding,
        lambda: [
            _plain(StandardLibrary.default__.FindIndexMatching(_dafny.Seq(text), ":", start))
            for text in texts
            for start in range(len(text) + 1)
        ],
        lambda: [
            _plain(part) for text in texts for part in StandardLibrary.default__.Split(_dafny.Seq(text), ":").Elements
        ],
    )


def test_which_texts_are_ascii_and_which_bytes_are_utf8(unfolding: Any) -> None:
    texts = _letters("az\x00\x7f\x80\u00fc\ud83d\ude00")
    pieces = [
        b"a",
        b"\xc3",
        b"\xbc",
        b"\xf0\x9f\x98\x80",
        b"\xed\xa0\x80",
        b"\xe0\x80",
        b"\xf4\x90\x80\x80",
        b"\xff",
        b"\xc0",
    ]
    data = [b"".join(random.choices(pieces, k=random.randint(0, 4))) for _ in range(400)] + pieces
    _same_before_and_after(
        unfolding,
        lambda: [UTF8.default__.IsASCIIString(_dafny.Seq(text)) for text in texts],
        lambda: [UTF8.default__.ValidUTF8Seq(_dafny.Seq(each)) for each in data],
        lambda: [UTF8.ValidUTF8Bytes._Is(_dafny.Seq(each)) for each in data],
    )


def test_base64_of_nothing(unfolding: Any) -> None:
    unfolding()
    assert Base64.default__.Encode(_dafny.Seq([])).Elements == []


def test_base64(unfolding: Any) -> None:
    data = [random.randbytes(size) for size in (*range(1, 12), 49, 97)]
    texts = [
        *_letters("QAB+/="),
        *_letters("QA=-_\n\u00fc"),
        "QQ==",
        "QR==",
        "QUE=",
        "QUF=",
        "QQ==QQ==",
        "Q===",
        "QQ==\n",
    ]
    _same_before_and_after(
        unfolding,
        lambda: [_plain(Base64.default__.Encode(_dafny.Seq(each))) for each in data],
        lambda: [_plain(Base64.default__.Decode(_dafny.Seq(text))) for text in texts],
        lambda: [_plain(Base64.default__.Decode(Base64.default__.Encode(_dafny.Seq(each)))) for each in data],
    )


def test_it_is_there_before_an_enclosure_closes_our_folders_and_loads_no_package_unasked() -> None:
    loaded = "import sys, kms_katas.child.serving; print([name in sys.modules for name in sys.argv[1:]])"
    command = [sys.executable, "-c", loaded, "kms_katas.child.unfolded", "_dafny"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[True, False]\n"
