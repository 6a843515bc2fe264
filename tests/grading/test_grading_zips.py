"""Zips of strangers: what is in a plain one comes out; all else is refused in a sentence, and nothing gets outside."""

import os
import secrets
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.grading import unpacking
from kms_katas.grading.unpacking import MAX_BYTES, MAX_DEPTH, MAX_FILES, Refused, unpack


def zipped(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_in_a_plain_zip_comes_out_as_it_went_in(tmp_path: Path) -> None:
    files = {f"keys/{secrets.token_hex(4)}/answer.py": secrets.token_bytes(300) for _ in range(3)}
    unpack(zipped(tmp_path / "a.zip", **files), tmp_path / "out")
    assert below(tmp_path / "out") == files


def test_a_zip_with_the_separators_of_windows_makes_folders(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a.zip", **{"keys\\hello\\answer.py": b"x"}), tmp_path / "out")
    assert below(tmp_path / "out") == {"keys/hello/answer.py": b"x"}


@pytest.mark.parametrize(
    "name",
    [
        "/etc/x",
        "../x",
        "a/../../x",
        "a/..",
        "\\x",
        "..\\x",
        "C:\\x",
        "C:x",
        "//server/x",
        "a\0/../x",
        "answer.py\0.txt",
        ".",
    ],
)
def test_no_path_leads_out(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.zip"
    stands_in = "N" * len(name)
    zipped(path, **{stands_in: b"x"})
    path.write_bytes(path.read_bytes().replace(stands_in.encode(), name.encode()))
    with pytest.raises(Refused):
        unpack(path, tmp_path / "in" / "out")
    assert below(tmp_path / "in") == {} and {entry.name for entry in tmp_path.iterdir()} <= {"a.zip", "in"}


@pytest.mark.parametrize("kind, told", [(stat.S_IFLNK, "link"), (stat.S_IFIFO, "pipe"), (stat.S_IFCHR, "device")])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int, told: str) -> None:
    entry = zipfile.ZipInfo("answer.py")
    entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(Refused, match=told):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_thousand_files_are_unpacked_and_one_more_is_refused(tmp_path: Path) -> None:
    zipped(tmp_path / "most.zip", **{str(number): b"" for number in range(MAX_FILES)})
    unpack(tmp_path / "most.zip", tmp_path / "most")
    assert len(below(tmp_path / "most")) == MAX_FILES
    zipped(tmp_path / "more.zip", **{str(number): b"" for number in range(MAX_FILES + 1)})
    with pytest.raises(Refused, match=r"1,001 files|more than 1,000"):
        unpack(tmp_path / "more.zip", tmp_path / "more")


def test_more_than_50_mib_are_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", a=bytes(MAX_BYTES), b=b"1")
    with pytest.raises(Refused, match="50 MiB"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_size_that_is_a_lie_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a zip whose list says less than comes out: whatever zipfile makes of one, the bytes are counted."""
    monkeypatch.setattr(unpacking, "MAX_BYTES", 1000)
    zipped(tmp_path / "a.zip", a=bytes(600), b=bytes(600))
    whole = zipfile.ZipFile.infolist

    class Lying(int):
        def __radd__(self, other: int) -> int:
            return other

    def lies(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        entries = whole(archive)
        for entry in entries:
            entry.file_size = Lying(entry.file_size)
        return entries

    monkeypatch.setattr(zipfile.ZipFile, "infolist", lies)
    with pytest.raises(Refused, match="unpacked"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_header_that_says_less_than_there_is_gives_no_more_than_it_says(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", a=bytes(5000))
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 5000), struct.pack("<L", 10)))
    with pytest.raises(Refused):
        unpack(path, tmp_path / "out")


def test_a_list_of_files_that_would_fill_the_memory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 10, 10, 40 * 1024**2, 0, 0)
    path.write_bytes(b"PK\1\2" * 1000 + end)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was read"))
    with pytest.raises(Refused, match="1,000"):
        unpack(path, tmp_path / "out")


def test_a_longer_list_in_the_form_for_large_zips_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """zipfile takes its numbers, whatever the plain form says."""
    path = tmp_path / "a.zip"
    large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 10**6, 10**6, 46 * 10**6, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 4000, 1)
    path.write_bytes(b"PK\1\2" * 1000 + large + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46, 0, 0))
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was read"))
    with pytest.raises(Refused, match="1,000"):
        unpack(path, tmp_path / "out")


def test_a_small_zip_in_the_form_for_large_ones_is_unpacked(tmp_path: Path) -> None:
    content = zipped(tmp_path / "a.zip", a=b"1").read_bytes()
    end = content.rindex(b"PK\5\6")
    _, _, _, _, files, length, offset, _ = struct.unpack("<4s4H2LH", content[end:])
    large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, files, files, length, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    (tmp_path / "a.zip").write_bytes(content[:end] + large + locator + content[end:])
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert below(tmp_path / "out") == {"a": b"1"}


def test_the_numbers_of_a_large_zip_stand_where_they_are_looked_for(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", a=b"1")
    content = path.read_bytes()
    end = content.rindex(b"PK\5\6")
    path.write_bytes(content[:end] + struct.pack("<4sLQL", b"PK\6\7", 0, 3, 1) + content[end:])
    with pytest.raises(Refused, match="no known form"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_zipfile_unpacks_at_one_blow_is_refused(tmp_path: Path, method: int) -> None:
    """A megabyte of bzip2 can hold 20 GB, and all of them would be in memory before one is counted."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("answer.py", bytes(1000))
    with pytest.raises(Refused, match="Deflate"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_folders_are_no_deeper_than_can_be_removed_again(tmp_path: Path) -> None:
    deep = "a/" * (MAX_DEPTH - 1) + "a"
    unpack(zipped(tmp_path / "a.zip", **{deep: b"1"}), tmp_path / "deep")
    assert below(tmp_path / "deep") == {deep: b"1"}
    with pytest.raises(Refused, match="folders within one another"):
        unpack(zipped(tmp_path / "a.zip", **{f"a/{deep}": b"1"}), tmp_path / "deeper")
    assert not (tmp_path / "deeper").exists()


def test_a_name_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning), zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("answer.py", "1")
        archive.writestr("answer.py", "2")
    with pytest.raises(Refused, match="twice"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_file_that_is_a_folder_too_is_refused(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", **{"a": b"1", "a/b": b"2"})
    with pytest.raises(Refused):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_password_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", a=b"1")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(Refused, match="password"):
        unpack(path, tmp_path / "out")


@given(st.data())
def test_whatever_is_done_to_a_zip_it_is_unpacked_or_refused(data: st.DataObject) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content = bytearray(zipped(folder / "a.zip", **{"keys/answer.py": b"x = 1\n" * 20, "b": b"2"}).read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        (folder / "a.zip").write_bytes(
            content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
        )
        try:
            unpack(folder / "a.zip", folder / "in" / "out")
        except Refused as refused:
            assert str(refused) and "\n" not in str(refused)
        assert {entry.name for entry in folder.iterdir()} <= {"a.zip", "in"}
        assert os.listdir(folder / "in") in ([], ["out"]) if (folder / "in").exists() else True


@pytest.mark.parametrize("name", ["Zoë", "李雷", "Ñandú"])
def test_names_in_utf_8_are_read_so_though_the_zip_does_not_say_it(tmp_path: Path, name: str) -> None:
    # As macOS and many programs of Linux write them: the flag for it, bit 11, is not set.
    path = tmp_path / "a.zip"
    stands_in = "N" * len(name.encode())
    zipped(path, **{f"{stands_in}/answer.py": b"x"})
    path.write_bytes(path.read_bytes().replace(stands_in.encode(), name.encode()))
    unpack(path, tmp_path / "out")
    assert below(tmp_path / "out") == {f"{name}/answer.py": b"x"}


def test_names_of_old_programs_are_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    zipped(path, **{"Zo?/answer.py": b"x"})
    path.write_bytes(path.read_bytes().replace(b"Zo?", "Zoë".encode("cp437")))
    unpack(path, tmp_path / "out")
    assert below(tmp_path / "out") == {"Zoë/answer.py": b"x"}
