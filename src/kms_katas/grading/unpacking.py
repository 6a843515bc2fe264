"""Unpacks a zip that a stranger made: within limits, and never anywhere but into its folder. Not for whose it is.

What is refused is refused as a whole, with a sentence. Of the format: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.14 to
4.3.16, 4.4.5 and 4.4.15.
"""

import errno
import os
import stat
import struct
import time
import zipfile
import zlib
from pathlib import Path, PurePosixPath

MAX_FILES = 1000
MAX_BYTES = 50 * 1024 * 1024
"""Of all files together, unpacked."""
MAX_DEPTH = 50
"""Folders within one another: hundreds of them some versions of Python cannot remove again."""
_MAX_DIRECTORY = 1024 * 1024
"""Bytes of the list of files at its end: zipfile reads all of it into memory before anybody can count."""
_END = struct.Struct("<4s4H2LH")
_END_64, _LOCATOR_64 = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that zipfile unpacks piece by piece; of others, all that a piece holds comes at one blow."""
_IS_UTF_8 = 1 << 11
"""Of an entry's flags: its name is UTF-8. Without it the name is code page 437, says the format (appendix D)."""
_CHUNK = 1024 * 1024


class Refused(Exception):
    """A zip that is not unpacked: the sentence says why, without its end."""


def unpack(archive: Path, folder: Path) -> None:
    """Put all that `archive` holds into `folder`, which is made. Raises Refused; then nothing of `folder` counts.

    Raises OSError where there is no room.
    """
    try:
        if archive.stat().st_size > MAX_BYTES + _MAX_DIRECTORY:
            raise Refused(f"a zip of more than {_MIB}")
        _look_at_the_end(archive)
        with zipfile.ZipFile(archive) as opened:
            _unpack(opened, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError) as error:
        raise Refused(f"no zip that can be read ({error})") from error
    except (RecursionError, OverflowError, MemoryError) as error:
        raise Refused(f"no zip that can be read ({type(error).__name__})") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE):
            raise
        raise Refused(f"a zip that cannot be unpacked ({error.strerror})") from error


_MIB = f"{MAX_BYTES // 1024**2} MiB"
_REMEDY = f"A zip may hold {MAX_FILES:,} files and {_MIB}"


def _unpack(opened: zipfile.ZipFile, folder: Path) -> None:
    entries = opened.infolist()
    if len(entries) > MAX_FILES:
        raise Refused(f"a zip of {len(entries):,} files. {_REMEDY}")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise Refused(f"a zip of more than {_MIB} unpacked. {_REMEDY}")
    places = [_place(entry) for entry in entries]
    folder.mkdir(parents=True)
    left, seen = MAX_BYTES, set()
    for entry, place in zip(entries, places, strict=True):
        if place in seen:
            raise Refused(f"a zip that holds {_shown(entry)} twice")
        seen.add(place)
        target = folder / place
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # "x": what a later name would lead through or write over is never there.
        with opened.open(entry) as packed, open(target, "xb") as file:
            while piece := packed.read(_CHUNK):
                left -= len(piece)
                if left < 0:
                    # What the list says of a size, a zip is free to lie about.
                    raise Refused(f"a zip of more than {_MIB} unpacked. {_REMEDY}")
                file.write(piece)
        _date(target, entry)


def _place(entry: zipfile.ZipInfo) -> PurePosixPath:
    """Where it goes, below the folder. Raises Refused for all that is not a plain file or folder below it."""
    # Some programs of Windows write `\`.
    name = _name(entry).replace("\\", "/")
    place = PurePosixPath(name)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise Refused(f"a zip with a link in it: {_shown(entry)}")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused(f"a zip with a device, a pipe or the like in it: {_shown(entry)}")
    if name.startswith("/") or name[1:2] == ":" or ".." in place.parts or "\0" in name or not place.parts:
        raise Refused(f"a zip with a path that leads out of it: {_shown(entry)}")
    if len(place.parts) > MAX_DEPTH:
        raise Refused(f"a zip of more than {MAX_DEPTH} folders within one another")
    if entry.flag_bits & 1:
        raise Refused("a zip with a password")
    if entry.compress_type not in _METHODS:
        raise Refused(f"a zip that is not packed by Deflate, as nearly all are: {_shown(entry)}")
    return place


def _name(entry: zipfile.ZipInfo) -> str:
    """As it stands in the zip: zipfile cuts `filename` at a NUL. Much that is UTF-8, as of macOS, does not say so."""
    name = entry.orig_filename
    if entry.flag_bits & _IS_UTF_8:
        return name
    try:
        return name.encode("cp437").decode()
    except UnicodeError:
        return name


def _shown(entry: zipfile.ZipInfo) -> str:
    return repr(_name(entry)[:100])


def _date(target: Path, entry: zipfile.ZipInfo) -> None:
    """Which of two that somebody handed in is the newer one is told by that."""
    try:
        then = time.mktime((*entry.date_time, 0, 0, -1))
        os.utime(target, (then, then))
    except (ValueError, OverflowError, OSError):
        os.utime(target, (0, 0))


def _look_at_the_end(archive: Path) -> None:
    """Raises Refused where the list of files is longer than any that MAX_FILES need."""
    with open(archive, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END.size - 0xFFFF - _END_64.size - _LOCATOR_64.size))
        end = file.read()
    at = end.rfind(b"PK\5\6")
    if at < 0 or len(end) < at + _END.size:
        raise Refused("no zip, or only the beginning of one")
    _, _, _, _, files, length, _, _ = _END.unpack_from(end, at)
    locator = at - _LOCATOR_64.size
    if end[max(locator, 0) : at].startswith(b"PK\6\7"):
        # The form for large zips, whose numbers zipfile takes. Some programs write it for small ones too.
        large = locator - _END_64.size
        _, _, place, _ = _LOCATOR_64.unpack_from(end, locator)
        if large < 0 or not end.startswith(b"PK\6\6", large) or place != size - len(end) + large:
            raise Refused("no zip that can be read (its end is of no known form)")
        *_, files, length, _ = _END_64.unpack_from(end, large)
    # 0xFFFF, where that form is not there: no such zip can be read.
    if length > _MAX_DIRECTORY or files > MAX_FILES:
        raise Refused(f"a zip of more than {MAX_FILES:,} files. {_REMEDY}")
