"""Tampering: finds a secret in each spelling, leaves no region unchanged, and forges what has no secret key."""

import base64
import hashlib
import hmac
import os
import unicodedata
import zlib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.grading.fresh import Fresh
from kms_katas.grading.tampering import (
    alike,
    altered,
    altered_at_random,
    digest_in,
    drawn,
    follows,
    forged,
    mark_moved,
    pieces_again,
    pieces_moved,
    repeated,
    spelling_of,
    thinned,
    transplanted,
)

secrets = st.binary(min_size=16, max_size=64)
around = st.binary(max_size=40)


@given(secrets, around, around)
def test_a_secret_is_found_wherever_it_stands(secret, before, after):
    assert spelling_of(secret, before + secret + after, whole=True) is not None


@given(secrets, around, around)
def test_a_secret_inside_base64_is_found_at_every_offset(secret, before, after):
    text = base64.urlsafe_b64encode(before + secret + after)
    assert spelling_of(secret, text, whole=True) is not None


@given(secrets)
def test_a_secret_in_hexadecimal_is_found(secret):
    assert spelling_of(secret, secret.hex().upper().encode(), whole=True) is not None


def test_random_bytes_hold_no_secret():
    assert spelling_of(os.urandom(500), os.urandom(5000), whole=False) is None


def test_part_of_a_secret_counts_unless_the_whole_is_asked_for():
    secret = os.urandom(64)
    assert spelling_of(secret, secret[16:32], whole=False) is not None
    assert spelling_of(secret, secret[16:32], whole=True) is None


@given(st.binary(max_size=300))
def test_altered_bytes_are_never_the_same(data):
    assert all(changed != data for _, changed in altered(data))


@given(st.binary(min_size=1, max_size=300), st.data())
def test_every_eight_bytes_in_a_row_are_changed_by_some_flip(data, draw):
    start = draw.draw(st.integers(0, max(0, len(data) - 8)))
    flips = [changed for _, changed in altered(data) if len(changed) == len(data)]
    assert any(changed[start : start + 8] != data[start : start + 8] for changed in flips)


def test_a_long_body_takes_some_hundred_changes_and_no_more():
    for size in (2_000, 4_124, 9_000):
        data = os.urandom(size)
        places = [
            at for _, changed in altered(data) if len(changed) == size for at in range(size) if changed[at] != data[at]
        ]
        assert len(list(altered(data))) < 220 and {0, size - 1} <= {*places}
        for half in (*range(0, 64, 8), *range(size - 64, size, 8)):  # of a nonce, or of a tag
            assert {*range(half, half + 8)} & {*places}


@given(st.binary(min_size=7, max_size=300), st.integers(), st.data())
def test_at_random_the_first_byte_and_every_eight_in_a_row_are_changed_by_some_flip(data, seed, draw):
    start = draw.draw(st.integers(0, max(0, len(data) - 8)))
    changes = list(altered_at_random(data, Fresh(seed)))
    flips = [changed for _, changed in changes if len(changed) == len(data)]
    assert any(changed[start : start + 8] != data[start : start + 8] for changed in flips)
    assert any(changed[0] != data[0] for changed in flips)
    assert {data[:-1], b"", data + b"\0"} <= {changed for _, changed in changes}
    assert all(changed != data for _, changed in changes)


@given(st.lists(st.tuples(st.text(), st.binary()), unique=True, max_size=12), st.integers(0, 20), st.integers())
def test_what_is_drawn_is_some_of_the_changes_none_of_them_twice(changes, most, seed):
    some = list(drawn(changes, Fresh(seed), most))
    assert len(some) == len(set(some)) == min(most, len(changes))
    assert set(some) <= set(changes)


def test_every_change_is_drawn_with_some_seed():
    changes = [(str(number), b"") for number in range(9)]
    assert {each for seed in range(200) for each in drawn(changes, Fresh(seed), 2)} == set(changes)


def _ctr(key, start, data):
    return Cipher(algorithms.AES(key), modes.CTR(start)).encryptor().update(data)


@pytest.mark.parametrize("in_front", [False, True])
@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("nonce", [0, 8, 12, 16, 24])
def test_an_encrypted_digest_is_forged_to_the_content_wanted(nonce, keyed, in_front):
    key, public, content, wanted = (os.urandom(size) for size in (32, 100, 50, 50))
    start = os.urandom(nonce)

    def guarded(data):
        digest = hmac.digest(public, data, "sha256") if keyed else hashlib.sha256(data).digest()
        return digest + data if in_front else data + digest

    def ctr(data):
        return _ctr(key, start.ljust(16, b"\0")[:16], data)

    made = forged(start + ctr(guarded(content)), content, wanted, public)
    assert guarded(wanted) in [ctr(body[nonce:]) for _, body in made if body[:nonce] == start]


def test_a_mac_under_a_public_key_is_forged():
    public, body = os.urandom(100), os.urandom(90)
    sealed = body + hmac.digest(public, body, "sha256")
    (_, changed), *_ = forged(sealed, os.urandom(60), os.urandom(60), public)  # the first: few may be tried
    assert changed[:-32] != body and hmac.digest(public, changed[:-32], "sha256") == changed[-32:]


@pytest.mark.parametrize("public_first", [False, True])
@pytest.mark.parametrize("in_front", [False, True])
def test_a_digest_of_the_public_bytes_and_the_sealed_ones_is_forged(in_front, public_first):
    public, body = os.urandom(100), os.urandom(90)

    def digest(data):
        return hashlib.sha512(public + data if public_first else data + public).digest()

    sealed = digest(body) + body if in_front else body + digest(body)
    (_, changed), *_ = forged(sealed, os.urandom(60), os.urandom(60), public)
    found, rest = (changed[:64], changed[64:]) if in_front else (changed[-64:], changed[:-64])
    assert rest != body and digest(rest) == found


def test_a_mac_under_a_secret_key_gives_no_forgery():
    body = os.urandom(16 + 60)
    sealed = body + hmac.digest(os.urandom(32), body, "sha256")
    made = [changed for _, changed in forged(sealed, os.urandom(60), os.urandom(60), os.urandom(100))]
    # What is tried against a key stream is tried blindly, and must not touch the nonce in front.
    assert all(changed[:16] == sealed[:16] for changed in made)


@given(st.sampled_from([1024, 4096, 65536]), st.sampled_from([0, 12]), st.sampled_from([16, 28]))
def test_pieces_are_found_by_their_size(size, head, extra):
    pieces = [bytes([number]) * (size + extra) for number in range(2)] + [b"\x02" * (100 + extra)]
    data = bytes(head) + b"".join(pieces)
    moved = {changed for _, changed in pieces_moved(data, 2 * size + 100)}
    assert bytes(head) + b"".join(pieces[:2]) in moved
    assert bytes(head) + pieces[1] + pieces[0] + pieces[2] in moved


def test_content_sealed_at_once_has_no_pieces_to_move():
    assert not list(pieces_moved(os.urandom(140_000 + 28), 140_000))


@given(st.binary(min_size=3, max_size=64), st.integers(0, 40))
def test_a_mark_that_no_key_made_moves_and_nothing_else_does(mark, where):
    def sealed(mark, byte):
        return bytes([byte]) * where + mark + bytes([byte ^ 255]) * 20

    other = bytes(byte ^ 7 for byte in mark)
    one, again, target = sealed(mark, 1), sealed(mark, 2), sealed(other, 3)
    assert mark_moved(one, again, target) == sealed(mark, 3)


def test_a_byte_that_agrees_by_chance_beside_a_mark_hides_no_mark():
    one, again, other = b"ann." + b"7" + bytes(20), b"ann." + b"7" + bytes(range(1, 21)), b"bob." + b"9" + b"x" * 20
    assert mark_moved(one, again, other) == one[:5] + other[5:]
    assert mark_moved(one, again, other, (0, 1)) == one[:4] + other[4:]
    assert one[:4] + other[4:] in transplanted(one, again, other)


def test_what_follows_from_the_key_stays_where_it_is():
    one, again, other = (os.urandom(60) for _ in range(3))
    assert mark_moved(one, again, other) == other
    assert mark_moved(one, one, other[:-1]) == other[:-1]


def test_a_digest_in_the_open_is_named_in_every_spelling():
    content = os.urandom(200)
    digest = hashlib.sha512(content).digest()
    for text in (b"..." + digest, digest.hex().encode(), base64.b64encode(b"x" + digest)):
        assert digest_in(content, os.urandom(50) + text) == "sha512"
    assert digest_in(content, hmac.digest(os.urandom(32), content, "sha256")) is None


def test_a_shortened_digest_and_a_checksum_are_named_too():
    content = os.urandom(200)
    shortened = hashlib.sha384(content).hexdigest()[:16].encode()
    assert digest_in(content, os.urandom(50) + shortened) == "sha384"
    checksum = zlib.crc32(content)
    for text in (b"%08X" % checksum, str(checksum).encode(), checksum.to_bytes(4, "little")):
        assert digest_in(content, b"\xff" * 9 + text) == "crc32"


def test_of_a_long_text_both_ends_may_hold_a_checksum():
    """Elsewhere 8 hexadecimal digits turn up by chance: in one of 30,000 texts of 140,000."""
    content, long = os.urandom(200), os.urandom(5_000).hex().encode()
    checksum = b"%08x" % zlib.crc32(content)
    assert digest_in(content, b"{" + checksum + long) == digest_in(content, long + checksum + b"}") == "crc32"
    assert digest_in(content, long + checksum + long) is None


@pytest.mark.parametrize("size", [4, 6, 32])
@pytest.mark.parametrize("front", [b"", b"v1", bytes(60)])
def test_what_follows_from_the_content_is_found_where_it_stands(size, front):
    marks = [hashlib.sha256(os.urandom(9)).digest()[:size] for _ in range(2)]
    one, again, other = (front + marks[number] + os.urandom(90) for number in (0, 0, 1))
    start, end = follows(one, other, again)
    assert len(front) <= start < end
    assert len(front) + 1 >= start
    assert end >= len(front) + size - 2


def test_a_header_a_clock_and_a_count_follow_from_nothing():
    for marks in ((b"header", b"header", b"header"), (b"time=07", b"time=08", b"time=09"), (b"12:59:59",) * 3):
        one, other, again = (mark + os.urandom(90) for mark in marks)
        assert follows(one, other, again) is None
    assert follows(bytes(9), os.urandom(9), bytes(8)) is None


def test_digits_that_agree_by_chance_in_two_long_texts_do_not_in_three():
    one, other, *again = (os.urandom(70_000).hex().encode() for _ in range(4))
    assert follows(one, other, *again) is None
    assert follows(one, other, one, again[0][:-1]) is None  # nobody knows what stands where


def test_pieces_that_come_again_are_counted():
    assert pieces_again(os.urandom(5_000))[1] == 0
    unit = os.urandom(16)
    pieces, again = pieces_again(unit * 500)
    assert pieces == again
    assert pieces_again(unit * 500, known=os.urandom(9) + unit * 2)[1] == 0
    assert pieces_again(bytes(500) + os.urandom(500))[1] < 3  # a header that is filled up


@given(st.lists(st.tuples(st.text(), st.binary()), min_size=2, unique=True), st.integers(2, 40))
def test_thinned_changes_are_some_from_all_over(changes, most):
    some = thinned(changes, most)
    assert len(some) == min(most, len(changes))
    assert (some[0], some[-1]) == (changes[0], changes[-1])
    assert sorted(set(some), key=changes.index) == some


@given(st.text(min_size=1))
def test_texts_that_are_alike_are_never_the_same_and_never_come_twice(text):
    found = list(alike(text))
    assert text not in found
    assert len(found) == len(set(found))


def test_texts_that_are_alike_become_one_by_each_careless_comparison():
    text = "ku\u017ama.7@example.org"
    for careless in (
        str.strip,
        str.casefold,
        sorted,
        lambda one: unicodedata.normalize("NFKC", one),
        lambda one: one.encode("ascii", "ignore"),
        lambda one: one.startswith(text),
    ):
        assert any(careless(other) == careless(text) for other in alike(text))


@given(st.binary(min_size=70, max_size=200), st.binary(max_size=200))
def test_a_transplant_is_never_what_was_there(one, other):
    for mixed in transplanted(one, one, other):
        assert len(mixed) == len(one) == len(other)
        assert mixed != other


def test_pieces_that_repeat_are_counted_in_both_texts():
    one, two = os.urandom(160), os.urandom(160)
    assert repeated(one, two) == (0, 10)
    assert repeated(one, two + one[32:64]) == (2, 10)
    assert repeated(one + one[:16], two) == (1, 11)
    assert repeated(one, two + one[32:64], known=one[:48]) == (1, 10)
