"""The checks of envelope/streaming: what `seal_stream` and `open_stream` promise, seen from outside.

Not for how they do it: where the chunks lie is told from the reads and writes, and any sound layout passes.
"""

from typing import NamedTuple

import pytest

from kms_katas.grading import AnswerRaised, expect, reject, show, streams
from kms_katas.grading.data_keys import data_key_of, kms_with_another_data_key, spelling_of_data_key, wrapped_key_of
from kms_katas.grading.handles import MAX_HANDED
from kms_katas.grading.sealed_body import expect_no_digest
from kms_katas.grading.tampering import flip, pieces_moved, spelling_of

USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
MOST_HELD, LONG = 192 * 1024, (272_000, 282_000)  # more than two chunks of 128 KiB, and those may not be held


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab, key):
    """A job that may use that key, and change nothing about it."""
    allowed = ((USE, key), ("kms:GenerateRandom", "*"))
    use = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed]
    return lab.home.user("dump-job", policies={"use-the-key": {"Version": "2012-10-17", "Statement": use}})


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_each_stream_has_its_own_data_key(answer, key, fresh):
    """`seal_stream` returns the wrapped key as KMS gave it, and every stream has a new data key."""
    content = fresh.bytes(60)
    first, second = _seal(answer, key, content), _seal(answer, key, content)
    expect(
        first.wrapped_key != second.wrapped_key,
        "The second stream came under the data key of the first. Then a chunk of one stream fits into the other, and "
        "nonces that count from 0 come again under one key.",
        expected="another wrapped key for every stream",
        next_step="Ask KMS for a new data key inside `seal_stream`, each time that it is called.",
    )
    made = [call for one in (first, second) for call in one.calls if wrapped_key_of(call) == one.wrapped_key]
    expect(
        len(made) == 2,
        "What `seal_stream` returned is not what KMS gave during this call: no answer of KMS holds these bytes.",
        expected="the CiphertextBlob that came with the data key, unchanged",
        next_step="Return the encrypted data key as it came, and write all else to `sink`.",
    )
    expect(
        data_key_of(made[0]) is None or data_key_of(made[0]) != data_key_of(made[1]),
        "The second stream came under the data key of the first: KMS was given the same key to wrap again. The wrapped "
        "keys differ, the key does not.",
        expected="a new data key for every stream",
        next_step="Make a new random key inside `seal_stream`, or better: let KMS make it.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_sealing_holds_little_and_asks_kms_once(answer, key, fresh):
    """A long stream is sealed in at most 192 KiB of memory, with no more KMS calls than a short one."""
    sealed = _seal(answer, key, fresh.bytes(fresh.integer(*LONG)), handed=False)
    streams.expect_held("seal_stream", sealed.source, sealed.sink, MOST_HELD)
    if len(sealed.calls) > 1:  # else no stream takes fewer; the first of all may have taken one for all
        short, again = (len(_seal(answer, key, content).calls) for content in (b"1", sealed.content))
        streams.expect_no_more_calls("seal_stream", short, again, sealed.source.length)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_sealed_stream_shows_nothing(answer, key, fresh):
    """What is stored shows neither the content nor the data key, and equal content does not look equal."""
    content = fresh.bytes(400)
    sealed = _seal(answer, key, content)
    stored = sealed.wrapped_key + b"\n" + sealed.data
    spelling = spelling_of_data_key(sealed.calls, stored)
    expect(
        spelling is None,
        f"The plaintext data key stands in what you store ({spelling}). Whoever finds it opens the stream, and never "
        "has to ask KMS.",
        expected="the data key in its encrypted form only",
        next_step="Return the CiphertextBlob, and write nothing of the plaintext key.",
    )
    spelling = spelling_of(content, stored, whole=False)
    expect(
        spelling is None,
        f"Parts of the stream can be read in what you store ({spelling}). Encoding is not encryption: it has no key.",
        expected="nothing of the content",
        next_step="Encrypt every chunk under the data key, and write only what that gives.",
    )
    expect_no_digest(content, stored, "content")
    even = bytes([fresh.integer(0, 255), 10]) * (len(content) // 2)
    lengths = [len(sealed.data), len(_seal(answer, key, even).data)]
    expect(
        abs(lengths[0] - lengths[1]) <= 32  # or escapes, or a padding, by chance: those differ from time to time
        or {len(_seal(answer, key, even).data) for _ in range(4)} != {lengths[1]},
        "Two streams of the same length came out as sealed streams of unequal length, for they hold other things. What "
        "is compressed, or cut where its lines end, shows by its length what it is.",
        expected="a sealed stream whose length follows from the length of the stream alone",
        next_step="Do not compress, and cut chunks by the number of their bytes.",
        actual=f"{len(content)} bytes: sealed {lengths[0]:,}, in lines of one letter {lengths[1]:,}",
    )
    size = 150_000
    data = _seal(answer, key, bytes([fresh.integer(0, 255)]) * size).data
    samples = [data[at : at + 16] for at in (fresh.integer(64, size // 8) for _ in range(10))]
    again = sum(data.find(piece) != data.rfind(piece) for piece in samples)
    expect(
        again < 3,
        "Equal content came out equal at different places, so its pattern can be seen. A nonce that comes again under "
        "the same key does this, and so does a counter that overlaps from chunk to chunk.",
        expected="no 16 bytes of the sealed stream twice",
        next_step="Give every chunk a nonce that no other chunk of the stream has; a number in it is enough.",
        actual=f"a stream of {size:,} equal bytes: of 10 samples, 16 bytes each, {again} stand in it more than once",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_stream_of_any_length_comes_back(answer, key, fresh):
    """A stream of 0, 1 or 131,072 bytes comes back byte for byte, in a new process."""
    lengths = (0, 1, 2 * 65_536)
    sealed_ones = [_seal(answer, key if length else key.split("/")[1], fresh.bytes(length)) for length in lengths]
    answer.restart()
    for sealed in sealed_ones:
        _open(answer, sealed, LENGTH)


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_short_reads_lose_nothing(answer, key, fresh):
    """A stream comes back whole also where each read gives fewer bytes than were asked for."""
    sealed = _seal(answer, key, fresh.bytes(fresh.integer(25_000, 35_000)), fresh.integer(2_500, 4_000), handed=False)
    _open(answer, sealed, SHORT_READS)
    _open(answer, sealed, SHORT_READS, most=fresh.integer(2_500, 4_000), handed=False)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_opening_holds_little_and_gives_on_what_is_verified(answer, key, fresh):
    """A long stream is opened in at most 192 KiB of memory, and nothing is written before it is verified."""
    sealed = _seal(answer, key, fresh.bytes(fresh.integer(*LONG)))
    source, sink, calls = _open(answer, sealed, handed=False)
    streams.expect_held("open_stream", source, sink, MOST_HELD)
    if calls > 1:  # as above
        short, again = (_open(answer, each)[2] for each in (_seal(answer, key, b"1"), sealed))
        streams.expect_no_more_calls("open_stream", short, again, sealed.source.length)
    at = fresh.integer(2_000, 3_000)
    _expect_refused(answer, sealed, f"byte {at:,} of {len(sealed.data):,} changed", flip(sealed.data, at), VERIFY)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_chunks_out_of_place_are_refused(answer, key, fresh):
    """`open_stream` raises an exception when chunks were moved, left out, repeated, exchanged or added."""
    sealed, chunks = _sealed_in_chunks(answer, key, fresh)
    changes = [*streams.moved(chunks)] if chunks else [*pieces_moved(sealed.data, sealed.source.length)]
    if not streams.chunks_of(sealed.data, sealed.sink.ends):  # then the borders are no more than a guess
        changes += streams.uneven_moved(sealed.data, sealed.sink.ends)
    for change in changes:
        _expect_refused(answer, sealed, *change, PLACE)
    for what, added in (("a byte added after its end", b"\0"), ("all of it there twice", sealed.data)):
        _expect_refused(answer, sealed, what, sealed.data + added, ADDED, strict=True)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_stream_cut_short_is_refused(answer, key, fresh):
    """`open_stream` raises an exception when the end is missing, also where it is cut off between two chunks."""
    sealed, chunks = _sealed_in_chunks(answer, key, fresh)
    changes = [*streams.cut_short(chunks)] if chunks else [*pieces_moved(sealed.data, sealed.source.length)]
    if not streams.chunks_of(sealed.data, sealed.sink.ends):
        ends = sorted({0, *sealed.sink.ends} - {len(sealed.data)})
        changes[:0] = [(f"cut off after {place:,} bytes", sealed.data[:place]) for place in ends[-4:] + ends[:2]]
    changes += streams.end_put_behind(sealed.data, sealed.sink.ends)
    for change in (*changes, ("its last byte cut off", sealed.data[:-1])):
        _expect_refused(answer, sealed, *change, END)


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_altered_bytes_are_refused(answer, key, fresh):
    """`open_stream` raises an exception when a byte of a sealed stream was changed, or all were another stream's."""
    sealed = _seal(answer, key, fresh.bytes(fresh.integer(16, 30)))
    _open(answer, sealed)
    apart = max(12, (length := len(sealed.data)) // 6)  # few: each try is dear
    for at in sorted({0, *range(fresh.integer(1, 6), length, apart), length - 1}):  # 0: a nonce there may be short
        change = f"byte {at} of {length} changed", flip(sealed.data, at)
        _expect_refused(answer, sealed, *change, VERIFY if at else BEGINNING, strict=not at)
    foreign = "all of it taken from another stream", _seal(answer, key, fresh.bytes(50)).data
    _expect_refused(answer, sealed, *foreign, VERIFY)


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_opening_needs_kms(answer, lab, key, fresh, monkeypatch):
    """Nobody opens a sealed stream without KMS: not from memory, and not from what is stored."""
    sealed = _seal(answer, key, fresh.bytes(300))
    _open(answer, sealed)
    with monkeypatch.context() as patch:
        patch.setattr(lab, "send", kms_with_another_data_key(lab.send, fresh))
        opened = _attempt(answer, sealed.wrapped_key, sealed.data)
    expect(
        not opened.written and opened.raised,
        "For this call KMS gave back another data key, and `open_stream` wrote bytes or returned all the same. So the "
        "real key is not the one that KMS guards, or nothing notices that it is wrong.",
        expected="an exception, and nothing written",
        next_step="Use the plaintext data key that KMS gives for every chunk, by a method that notices a wrong key.",
        actual=opened.told,
    )
    lab.home.switch_key(key, on=False)
    opened = _attempt(answer, sealed.wrapped_key, sealed.data)
    expect(
        not opened.written and opened.raised,
        "The KMS key was disabled, so nobody may open anything, and yet `open_stream` returned or wrote bytes.",
        expected="an exception, and nothing written",
        next_step="Get the data key from KMS at every opening, and let its error through.",
        actual=opened.told,
    )


class Lesson(NamedTuple):
    """What to say where a stream gave wrong bytes, or came to an end as if it were whole."""

    sentence: str
    step: str
    returned: str = ""
    step_returned: str = ""


PLACE = Lesson(
    "Each chunk may be sealed, and yet nothing says where it belongs.",
    "Bind the number of each chunk to it: in its nonce, or in what its tag or MAC covers.",
)
LENGTH = Lesson(
    "It was opened in a new process, from nothing but what was written.",
    "Follow it on paper: can `open_stream` tell where each chunk ends, and is there always a last chunk?",
)
SHORT_READS = Lesson(
    "It went through a stream whose reads give fewer bytes than are asked for.",
    "Read in a loop until a chunk is full or the stream at its end, when you seal and when you open.",
)
END = Lesson(
    "A stream that lost its end looks like a whole one: a restore would be part of a dump, and nobody told.",
    "Seal into the last chunk that it is the last, also when it is empty, and raise when none comes.",
)
ADDED = Lesson(
    "What stands after the end was not looked at.",
    "After the last chunk read once more, and raise unless the source is at its end.",
)
VERIFY = Lesson(
    "Encryption alone does not notice changes, and a tag that comes at the end notices them too late.",
    "Give each chunk a tag of its own (an authenticated cipher does), and write a chunk only after it held.",
    "Its caller takes what was written for the whole stream and goes on; a refusal has to stop it.",
    "Let the error of the cipher through, or raise one: do not return where a chunk does not open.",
)

BEGINNING = VERIFY._replace(
    returned="What stands at the beginning is covered by no tag, and nothing compares it with what was written.",
    step_returned="Compare a header with what you wrote, or make it associated data.",
)


class Sealed(NamedTuple):
    """A stream that was sealed: from where, to where, and the KMS calls that it took."""

    wrapped_key: bytes
    content: bytes
    data: bytes
    source: object
    sink: object
    calls: tuple


class Opened(NamedTuple):
    """What `open_stream` wrote, and whether it then raised."""

    written: bytes
    raised: bool

    @property
    def told(self):
        return f"{len(self.written):,} bytes written, and {'an' if self.raised else 'no'} exception"


def _seal(answer, key, content, most=None, handed=True):
    """Call `seal_stream` and refuse whatever is not the promised form. Not `handed` where how it reads is judged."""
    before = len(answer.calls)
    sink = answer.sink(source := answer.stream(content, most, handed))
    wrapped_key = answer.call("seal_stream", answer.client(), key, source, sink)
    expect(
        bool(answer.calls),
        "`seal_stream` never asked KMS for anything. No KMS key protects what it wrote, and what it keeps in memory is "
        "gone in the next process.",
        expected="at least one KMS call, for the data key",
        next_step="Begin `seal_stream` by asking KMS for a new data key under `key_id`.",
    )
    expect(
        isinstance(wrapped_key, bytes),
        f"`seal_stream` gave back a value of type {type(wrapped_key).__name__}.",
        expected="the wrapped key, as bytes",
        next_step="Return the encrypted data key that KMS gave.",
    )
    expect(
        source.position == source.length,
        f"`seal_stream` returned after {source.position:,} of {source.length:,} bytes: the rest was never read. A read "
        "that gives fewer bytes than were asked for is not the end; only one that gives none is.",
        expected="everything that `source` gives, sealed",
        next_step='Go on reading until `source.read(n)` gives `b""`.',
        actual=f"reads: {source.reads}",
    )
    return Sealed(wrapped_key, content, bytes(sink.data), source, sink, answer.calls[before:])


def _open(answer, sealed, lesson=None, most=None, handed=True):
    """Call `open_stream` on what was not altered, and refuse whatever is not the content with the help of KMS."""
    what = f"A stream of {len(sealed.content):,} bytes was sealed, and not altered"
    before = len(answer.calls)
    source = answer.stream(sealed.data, most, handed and len(sealed.data) <= MAX_HANDED)
    sink = answer.sink(source)
    try:
        answer.call("open_stream", answer.client(), sealed.wrapped_key, source, sink)
    except AnswerRaised as raised:
        if raised.code or not lesson or raised.type in ("FileNotFoundError", "PermissionError"):
            raise  # as it is: what it says is the lesson
        reject(
            f"{what}, and yet `open_stream` raised {raised.type}. {lesson.sentence}",
            expected=f"{len(sealed.content):,} bytes, as they were sealed",
            next_step=lesson.step,
            line=raised.frames[-1].line if raised.frames else 0,
        )
    given = [call.parameters.get("CiphertextBlob") for call in answer.calls[before:] if call.operation == "Decrypt"]
    expect(
        sealed.wrapped_key in given,
        "`open_stream` never asked KMS to open the wrapped key. What opens without KMS is not protected by it.",
        expected="a KMS call that is given the wrapped key",
        next_step="Get the data key from `wrapped_key` with the help of KMS, and open every chunk with it.",
    )
    expect(
        bytes(sink.data) == sealed.content,
        f"{what}, and other bytes came back. {lesson.sentence if lesson else ''}".strip(),
        expected=f"{len(sealed.content):,} bytes: {show(sealed.content)}",
        next_step=lesson.step if lesson else "Read back in the same parts what `seal_stream` writes.",
        actual=f"{len(sink.data):,} bytes: {show(bytes(sink.data))}",
    )
    return source, sink, len(answer.calls) - before


def _attempt(answer, wrapped_key, data):
    source, sink = answer.stream(data, handed=len(data) <= MAX_HANDED), answer.sink()
    raised = answer.raises("open_stream", answer.client(), wrapped_key, source, sink)
    return Opened(bytes(sink.data), raised is not None)


def _expect_refused(answer, sealed, what, data, lesson, strict=False):
    """The altered stream is refused, and what was written before is a beginning of the content.

    Unless `strict`, a change without effect, in base64 padding for one, may pass: all that was sealed comes back.
    """
    opened = _attempt(answer, sealed.wrapped_key, data)
    expect(
        sealed.content.startswith(opened.written),
        f"The sealed stream was altered ({what}), and `open_stream` wrote bytes that are not a beginning of the "
        f"content{', before it raised' if opened.raised else ''}. {lesson.sentence}",
        expected="an exception, and nothing written but a true beginning",
        next_step=lesson.step,
        actual=opened.told,
    )
    lesson = VERIFY if strict and opened.written != sealed.content else lesson
    expect(
        opened.raised or (opened.written == sealed.content and not strict),
        f"The sealed stream was altered ({what}), and `open_stream` returned as if it were whole. "
        f"{lesson.returned or lesson.sentence}",
        expected="an exception",
        next_step=lesson.step_returned or lesson.step,
        actual=f"{opened.told}; sealed were {len(sealed.content):,} bytes",
    )


def _sealed_in_chunks(answer, key, fresh):
    """A stream of at least three full chunks and those chunks, or None where no one can tell where they lie."""
    usual = 65_536
    sealed, chunks = _sealed_and_told(answer, key, fresh.bytes(3 * usual))
    if not chunks:  # large ones, it may be
        size = sealed.source.largest_read if sealed.source.largest_read > usual else MOST_HELD
        return _sealed_and_told(answer, key, fresh.bytes(3 * size))
    if len(chunks.full) > 6 and 3 * usual % len(chunks.full) == 0:  # small ones: three of them will do
        shorter, told = _sealed_and_told(answer, key, fresh.bytes(9 * usual // len(chunks.full)))
        return (shorter, told) if told else (sealed, chunks)
    return sealed, chunks


def _sealed_and_told(answer, key, content):
    sealed = _seal(answer, key, content)
    return sealed, streams.chunks_of(sealed.data, sealed.sink.ends, _open(answer, sealed)[0].ends)
