"""Of every class of keys that Resource elements tell apart, one is among those that a proof is made on."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.policy import NamedPolicy
from kms_katas.policy.match import arn_matches
from kms_katas.policy.proof import other_keys
from kms_katas.policy.proof.automaton import NotDecided

REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
MULTI = KEY.rpartition("/")[0] + "/mrk-1234abcd12ab34cd56ef1234567890ab"


def policy(*resources: str, element: str = "Resource") -> NamedPolicy:
    statement = {"Effect": "Allow", "Action": "kms:*", element: list(resources)}
    return NamedPolicy("mine", {"Version": "2012-10-17", "Statement": [statement]})


def covered(patterns: tuple[str, ...], arn: str) -> tuple[bool, ...]:
    return tuple(arn_matches((pattern,), arn) for pattern in patterns)


@st.composite
def wild(draw: st.DrawFn, text: str) -> str:
    """A text with some of its characters replaced by wildcards or others, perhaps cut off with a *."""
    kept = list(text)
    for place in draw(st.lists(st.integers(0, len(kept) - 1), max_size=2)):
        kept[place] = draw(st.sampled_from("?*a7-")) if kept[place] != ":" else ":"
    end = draw(st.integers(len(kept) // 2, len(kept)))
    return "".join(kept[:end]) + "*" if draw(st.booleans()) and end < len(kept) else "".join(kept)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    region, account, name = draw(st.sampled_from(REGIONS)), "111122223333", draw(st.sampled_from([KEY, MULTI]))
    parts = (draw(wild(region)), draw(wild(account)), draw(wild(name.split(":", 5)[5])))
    return draw(st.sampled_from(["*", "arn:aws:kms:*", "arn:aws:kms:" + ":".join(parts)]))


@st.composite
def arns(draw: st.DrawFn) -> str:
    """A key that is like the key in question but for a few digits."""
    name = list(draw(st.sampled_from([KEY, MULTI])).rpartition("/")[2])
    account = list("111122223333")
    for place in draw(st.lists(st.integers(0, len(name) - 1), max_size=3)):
        if name[place] not in "-mrk":
            name[place] = draw(st.sampled_from("0123456789abcdef"))
    for place in draw(st.lists(st.integers(0, 11), max_size=2)):
        account[place] = draw(st.sampled_from("0123456789"))
    return f"arn:aws:kms:{draw(st.sampled_from(REGIONS))}:{''.join(account)}:key/{''.join(name)}"


@given(st.lists(patterns(), min_size=1, max_size=3).map(tuple), arns())
def test_whatever_covers_some_key_as_no_other_covers_one_of_the_examples(texts: tuple[str, ...], arn: str) -> None:
    try:
        examples = list(other_keys([policy(*texts)], KEY, REGIONS))
    except NotDecided:
        return
    assert KEY not in examples
    if arn != KEY:
        assert covered(texts, arn) in {covered(texts, example) for example in examples}


@pytest.mark.parametrize("digit", [at for at, one in enumerate(KEY) if one.isdigit() and at > KEY.rindex("/")])
def test_a_wildcard_for_one_digit_of_the_key_id_is_found(digit: int) -> None:
    one = KEY[:digit] + "?" + KEY[digit + 1 :]
    assert any(arn_matches((one,), arn) for arn in other_keys([policy(one)], KEY, REGIONS))


@pytest.mark.parametrize("kept", range(36))
@pytest.mark.parametrize("key", [KEY, MULTI])
def test_a_star_after_the_beginning_of_the_key_id_is_found(key: str, kept: int) -> None:
    start = key.rindex("/") + 1
    beginning = key[: start + kept] + "*"
    assert any(arn_matches((beginning,), arn) for arn in other_keys([policy(beginning)], key, REGIONS))


def test_keys_are_told_apart_by_further_patterns_too() -> None:
    account = KEY.split(":")[4]
    found = list(other_keys([policy("*")], KEY, REGIONS, apart=[f"arn:aws:kms:*:{account}:key/*"]))
    assert sorted(arn.split(":")[4] == account for arn in found) == [False, True]


def test_a_policy_on_the_key_alone_has_one_class_of_other_keys_and_not_resource_counts_too() -> None:
    assert len(list(other_keys([policy(KEY)], KEY, REGIONS))) == 1
    other = KEY.replace("1234abcd", secrets.token_hex(4))
    assert other in other_keys([policy(KEY, other, element="NotResource")], KEY, REGIONS)


@pytest.mark.parametrize("text", ["arn:aws:kms:us-east-1:${aws:PrincipalAccount}:key/*", "arn:aws:kms:u*-*"])
def test_a_pattern_that_is_not_read_is_named(text: str) -> None:
    with pytest.raises(NotDecided) as caught:
        list(other_keys([policy(text)], KEY, REGIONS))
    assert text in caught.value.construct
