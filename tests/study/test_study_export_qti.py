"""QTI 2.1: every package keeps to the schemas of IMS, a parser reads back what was written, and the points are right.

IMS's own schema files are not here: who ships them is to register with IMS, and no package registry has them. The rules
are those of imsqti_v2p1.xsd (2012, with what 2.1.1 and 2.1.2 changed) and qtiv2p1_imscpv1p2_v1p0.xsd (2014), of each
element that we write, in our words. On 2026-11-22 they were compared with IMS's, and refused whatever those refuse in
60,000 files broken by chance; the bank and 300 drawn packages were valid against IMS's definitions of these elements,
and kept to its Schematron rules. On each run only the rules here are held.
"""

import io
import itertools
import re
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given

from kms_katas.kit.plain import one_line
from kms_katas.study.export_qti import ITEM, MANIFEST, as_qti

from .question_samples import question, questions, real

NAME = r"[A-Za-z_][A-Za-z0-9._-]*"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
VARIABLE = {"identifier*": NAME, "cardinality*": "single|multiple|ordered|record"}
BASES = "boolean|directedPair|duration|file|float|identifier|integer|pair|point|string|uri"
NOTHING, ANY = "", ".*"
# Each element, the root first: its attributes with what they must be (those that must be there with a star), its
# children in order, and what its own text must be.
ITEM_RULES = {
    "assessmentItem": (
        {"identifier*": ".+", "title*": ANY, LANG: "en", "adaptive*": "true|false", "timeDependent*": "true|false"}
        | {"toolName": ".{0,256}"},
        "(responseDeclaration )*(outcomeDeclaration )*(itemBody )?(responseProcessing )?",
        NOTHING,
    ),
    "responseDeclaration": (VARIABLE | {"baseType": BASES}, "(correctResponse )?", NOTHING),
    "outcomeDeclaration": (
        VARIABLE | {"baseType": BASES, "normalMaximum": r"[0-9]+(\.[0-9]+)?"},
        "(defaultValue )?",
        NOTHING,
    ),
    "defaultValue": ({}, "(value )+", NOTHING),
    "correctResponse": ({}, "(value )+", NOTHING),
    "value": ({}, "", ANY),
    "itemBody": ({}, "((p|choiceInteraction) )+", NOTHING),
    "p": ({}, "(code )*", ANY),
    # Nine digits: an xs:int in the schema of 2012, later an xs:nonNegativeInteger.
    "choiceInteraction": (
        {"responseIdentifier*": NAME, "shuffle*": "true|false", "maxChoices*": "[0-9]{1,9}"},
        "(prompt )?(simpleChoice )+",
        NOTHING,
    ),
    "prompt": ({}, "(code )*", ANY),
    "simpleChoice": ({"identifier*": NAME, "fixed": "true|false"}, "((span|code|feedbackInline) )*", ANY),
    "span": ({}, "(code )*", ANY),
    "code": ({}, "", ANY),
    "feedbackInline": (
        {"outcomeIdentifier*": NAME, "identifier*": NAME, "showHide*": "show|hide"},
        "(code )*",
        ANY,
    ),
    "responseProcessing": ({}, "((responseCondition|setOutcomeValue) )*", NOTHING),
    "responseCondition": ({}, "responseIf (responseElse )?", NOTHING),
    "responseIf": ({}, "match (setOutcomeValue )*", NOTHING),
    "responseElse": ({}, "(setOutcomeValue )*", NOTHING),
    "match": ({}, "variable correct ", NOTHING),
    "variable": ({"identifier*": NAME}, "", NOTHING),
    "correct": ({"identifier*": NAME}, "", NOTHING),
    "setOutcomeValue": ({"identifier*": NAME}, "(baseValue|variable) ", NOTHING),
    "baseValue": ({"baseType*": BASES}, "", ANY),
}
MANIFEST_RULES = {
    "manifest": ({"identifier*": NAME}, "metadata organizations resources ", NOTHING),
    "metadata": ({}, "schema schemaversion ", NOTHING),
    "schema": ({}, "", "QTIv2.1 Item Bank Package"),
    "schemaversion": ({}, "", r"1\.0\.0"),
    "organizations": ({}, "", NOTHING),
    "resources": ({}, "(resource )*", NOTHING),
    "resource": (
        {"identifier*": NAME, "type*": "imsqti_item_xmlv2p1", "href": "[a-z0-9/.-]+"},
        "(file )*",
        NOTHING,
    ),
    "file": ({"href*": "[a-z0-9/.-]+"}, "", NOTHING),
}
# No two in one file have the same identifier: xs:ID, but for outcomes, of which only the information model says so.
UNLIKE = {"manifest", "resource", "responseDeclaration", "outcomeDeclaration"}


def read(page, namespace, rules):
    """The root, once every element below it has kept to the rules; the namespace of the elements taken off."""
    root = ElementTree.fromstring(page)
    for element in root.iter():
        assert element.tag.startswith(f"{{{namespace}}}"), element.tag
        element.tag = element.tag.partition("}")[2]
    assert root.tag == next(iter(rules))
    for element in root.iter():
        attributes, children, text = rules[element.tag]
        held = element.attrib
        known = {name.removesuffix("*"): rule for name, rule in attributes.items()}
        assert {name[:-1] for name in attributes if name.endswith("*")} <= set(held) <= set(known), element.tag
        assert all(re.fullmatch(known[name], value, re.DOTALL) for name, value in held.items()), held
        assert re.fullmatch(children, "".join(f"{child.tag} " for child in element)), element.tag
        own = "".join([element.text or "", *(child.tail or "" for child in element)])
        assert re.fullmatch(text, own, re.DOTALL), element.tag
    names = [element.get("identifier") for element in root.iter() if element.tag in UNLIKE]
    assert len(set(names)) == len(names), names
    return root


def opened(package):
    """The manifest, and the items by their names in the package."""
    with zipfile.ZipFile(io.BytesIO(package)) as held:
        first, *items = held.namelist()
        assert first == "imsmanifest.xml"
        manifest = read(held.read(first), MANIFEST, MANIFEST_RULES)
        return manifest, {name: read(held.read(name), ITEM, ITEM_RULES) for name in items}


def text_of(element):
    return "".join(element.itertext())


def outcome(item, chosen):
    """SCORE and FEEDBACK after these choices, by the rules that the item itself has."""
    declared = item.find("responseDeclaration")
    right = [value.text for value in declared.iterfind("correctResponse/value")]
    values = {"RESPONSE": set(chosen), "SCORE": item.findtext("outcomeDeclaration[@identifier='SCORE']//value")}
    rules = []
    for rule in item.find("responseProcessing"):
        if rule.tag == "setOutcomeValue":
            rules.append(rule)
            continue
        given, wanted = rule.find("responseIf/match")
        assert (given.get("identifier"), wanted.get("identifier")) == ("RESPONSE", "RESPONSE")
        rules += rule.find("responseIf" if values["RESPONSE"] == set(right) else "responseElse").iter("setOutcomeValue")
    for rule in rules:
        (value,) = rule
        values[rule.get("identifier")] = value.text if value.tag == "baseValue" else values[value.get("identifier")]
    return float(values["SCORE"]), values["FEEDBACK"]


@given(questions)
def test_every_package_keeps_to_the_schemas_and_its_manifest_names_every_item(found):
    package = as_qti(found)
    manifest, items = opened(package)
    named = {entry.get("href"): entry.get("identifier") for entry in manifest.iter("resource")}
    assert named == {name: item.get("identifier") for name, item in items.items()}
    assert len(set(named.values())) == len(found)
    assert [entry.get("href") for entry in manifest.iter("file")] == list(items)
    assert as_qti(found) == package


@given(question())
def test_a_parser_reads_back_every_text(one):
    (item,) = opened(as_qti([one]))[1].values()
    assert item.get("title") == one.id
    plain = {(shown(option.text), shown(option.why), option.right) for option in one.options}
    right = {value.text for value in item.iterfind(".//correctResponse/value")}
    assert plain == {
        (text_of(choice.find("span")), text_of(choice.find("feedbackInline")), choice.get("identifier") in right)
        for choice in item.iter("simpleChoice")
    }
    paragraphs = [shown(part) for part in one.scenario.split("\n\n") if part.strip()]
    body = [text_of(part) for part in item.find("itemBody").iter() if part.tag in ("p", "prompt")]
    assert body == (paragraphs or [""])


def shown(text):
    """As a reader sees it: on one line, without the backticks that mark code."""
    line = one_line(text)
    return line.replace("`", "", line.count("`") // 2 * 2)


@given(question())
def test_a_point_for_all_the_right_options_and_no_other_and_the_reason_of_each_choice(one):
    (item,) = opened(as_qti([one]))[1].values()
    choices = {choice.get("identifier"): choice for choice in item.iter("simpleChoice")}
    reasons = {shown(option.text): (shown(option.why), option.right) for option in one.options}
    right = {name for name, choice in choices.items() if reasons[text_of(choice.find("span"))][1]}
    most = int(item.find("itemBody/choiceInteraction").get("maxChoices"))
    assert most == len(right)
    for number in range(1, most + 1):
        for chosen in itertools.combinations(choices, number):
            score, feedback = outcome(item, chosen)
            assert score == (set(chosen) == right)
            told = [f for f in item.iter("feedbackInline") if f.get("identifier") in feedback]
            assert [text_of(f) for f in told] == [
                reasons[text_of(choices[name].find("span"))][0] for name in choices if name in chosen
            ]


@given(question())
def test_the_declarations_fit_each_other(one):
    (item,) = opened(as_qti([one]))[1].values()
    many = "single" if len(one.right) == 1 else "multiple"
    declared = {entry.get("identifier"): entry for entry in item if entry.tag.endswith("Declaration")}
    assert set(declared) == {"RESPONSE", "SCORE", "FEEDBACK"}
    assert declared["RESPONSE"].get("cardinality") == declared["FEEDBACK"].get("cardinality") == many
    names = [choice.get("identifier") for choice in item.iter("simpleChoice")]
    assert len(set(names)) == len(names)
    assert [f.get("identifier") for f in item.iter("feedbackInline")] == names
    assert item.find("itemBody/choiceInteraction").get("shuffle") == "true"


@given(questions)
def test_nothing_in_it_runs_or_is_fetched(found):
    with zipfile.ZipFile(io.BytesIO(as_qti(found))) as held:
        for name in held.namelist():
            page = held.read(name).decode()
            assert "<!" not in page
            tags = re.findall(r"<[^>]*>", page)
            assert set(re.findall(r"https?:[^\"]*", "".join(tags))) <= {ITEM, MANIFEST}
            assert not re.search(r"\s(src|style|on\w+)=", "".join(tags))


def test_the_bank_as_it_is_keeps_to_them_too():
    found = real()
    items = opened(as_qti(found))[1]
    assert list(items) == [f"items/{one.id}.xml" for one in found]
    for one, item in zip(found, items.values(), strict=True):
        assert text_of(item.find(".//prompt")).endswith(shown(one.scenario)[-20:])


@pytest.mark.parametrize("scenario, before", [("One. Which?", []), ("A log:\n`x`\n\nWhich?", ["A log: x"])])
def test_what_stands_in_the_last_paragraph_is_the_prompt(scenario, before):
    one = replace(real()[0], scenario=scenario)
    (item,) = opened(as_qti([one]))[1].values()
    assert [text_of(part) for part in item.iter("p")] == before
    assert text_of(item.find(".//prompt")).endswith("Which?")


@pytest.fixture(scope="module")
def written():
    """The manifest of a package of two questions of the bank, and the first of them."""
    with zipfile.ZipFile(io.BytesIO(as_qti(real()[:2]))) as held:
        return [held.read(name).decode() for name in held.namelist()[:2]]


@pytest.mark.parametrize(
    "is_there, instead",
    [
        ("(<responseDeclaration.*?</responseDeclaration>)", r"\1\1"),  # an identifier that is there twice
        ("(<responseDeclaration.*?</responseDeclaration>)(<outcome.*?</outcomeDeclaration>)", r"\2\1"),
        ("<itemBody>.*</itemBody>", "<itemBody />"),
        ("<itemBody>", "<itemBody>text"),
        ("<itemBody>", "<itemBody><script />"),
        ("<correctResponse>.*</correctResponse>", "<correctResponse />"),
        ('<correct identifier="RESPONSE" />', ""),
        ('normalMaximum="1"', 'normalMaximum="1.2.3"'),
        ("maxChoices=", 'minChoices="9" maxChoices='),  # more than the most
        ('maxChoices="', 'maxChoices="-'),
        ('maxChoices="', 'maxChoices="9999999999'),  # more than an xs:int holds, which it was in the first 2.1
        ('identifier="option-1"', 'identifier="1-option"'),
        ('showHide="show"', 'showHide="yes"'),
        (' timeDependent="false"', ""),
        ("xml:lang=", "lang="),
        (" title=", " xml:title="),
    ],
)
def test_what_the_schema_of_items_refuses_these_rules_refuse_too(written, is_there, instead):
    refused(written[1], is_there, instead, ITEM, ITEM_RULES)


@pytest.mark.parametrize(
    "is_there, instead",
    [
        ("<metadata>.*</metadata>", ""),
        ("<schemaversion>1.0.0", "<schemaversion>2.1"),
        ("Item Bank Package", "Questions"),
        ("(<organizations />)(<resources>.*</resources>)", r"\2\1"),
        ('(<resource identifier=")[^"]*', r"\1kms-katas"),  # that of the manifest
        ("(<resource .*?</resource>)", r"\1\1"),
        ("imsqti_item_xmlv2p1", "imsqti_item_xmlv3p0"),
        ("<file href=[^>]*>", "<file />"),
        (".*(<resources)(>.*</resources>).*", rf'\1 xmlns="{MANIFEST}"\2'),
    ],
)
def test_what_the_schema_of_manifests_refuses_these_rules_refuse_too(written, is_there, instead):
    refused(written[0], is_there, instead, MANIFEST, MANIFEST_RULES)


def refused(page, is_there, instead, namespace, rules):
    broken = re.sub(is_there, instead, page, count=1, flags=re.DOTALL)
    assert broken != page
    read(page, namespace, rules)
    with pytest.raises((AssertionError, KeyError)):
        read(broken, namespace, rules)
