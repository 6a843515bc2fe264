"""The words on an encryption context: a fault for every pair that is not as it was wanted, none for one more."""

from hypothesis import given
from hypothesis import strategies as st

from kms_katas.grading.context_pairs import fault_of_context

contexts = st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), min_size=1, max_size=4)


@given(contexts, contexts, st.randoms())
def test_pairs_in_any_order_and_other_pairs_beside_them_are_no_fault(wanted, others, order):
    pairs = [*(others | wanted).items()]
    order.shuffle(pairs)
    assert fault_of_context(dict(pairs), wanted, "Decrypt") is None


@given(contexts, st.data())
def test_a_pair_that_is_lacking_is_named(wanted, data):
    name = data.draw(st.sampled_from(sorted(wanted)))
    context = {key: value for key, value in wanted.items() if key != name} | {name + "x": "x"}
    message, step = fault_of_context(context, wanted, "Encrypt")
    assert f"`{name}`" in message and f"`{name}`" in step


@given(contexts, st.data())
def test_another_value_is_a_fault_of_its_pair(wanted, data):
    name = data.draw(st.sampled_from(sorted(wanted)))
    message, step = fault_of_context(wanted | {name: wanted[name] + "x"}, wanted, "Encrypt")
    assert f"`{name}`" in message and f"`{name}`" in step


def test_no_context_is_told_otherwise_to_who_opens():
    for none in (None, {}):
        making = fault_of_context(none, {"tenant": "A"}, "GenerateDataKey")[0]
        opening = fault_of_context(none, {"tenant": "A"}, "Decrypt")[0]
        assert making.startswith("GenerateDataKey carried no context.") and making[15:] != opening[7:]


def test_capital_letters_have_a_sentence_of_their_own():
    assert "capital letters" in fault_of_context({"tenant": "acme"}, {"tenant": "Acme"}, "Encrypt")[0]
    assert "capital letters" not in fault_of_context({"tenant": "other"}, {"tenant": "Acme"}, "Encrypt")[0]


def test_accents_have_a_sentence_of_their_own():
    for got, wanted in (("\u0144", "n\u0301"), ("n\u0301", "\u0144")):
        assert "accent" in fault_of_context({"tenant": got}, {"tenant": wanted}, "Encrypt")[0]
    assert "accent" not in fault_of_context({"tenant": "n"}, {"tenant": "\u0144"}, "Encrypt")[0]


def test_spaces_have_a_sentence_of_their_own():
    assert "space" in fault_of_context({"tenant": "North"}, {"tenant": " North "}, "Encrypt")[0]
    assert "space" not in fault_of_context({"tenant": "South"}, {"tenant": "North"}, "Encrypt")[0]


def test_what_is_changed_in_several_ways_is_not_taken_for_a_constant():
    for got in ("gda\u0144sk", "GDA\u0144SK", "gdan\u0301sk"):
        assert (
            "accents written in another way"
            in fault_of_context({"tenant": got}, {"tenant": "Gdan\u0301sk "}, "Encrypt")[0]
        )
