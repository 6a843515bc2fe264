"""Questions as a QTI 2.1 content package: for learning platforms. Not for tests: it is a bank of single items.

After the information model and the schemas of IMS, imsqti_v2p1.xsd of 2012 and its profile of content packaging,
qtiv2p1_imscpv1p2_v1p0.xsd of 2014. No script, no style, no address that anything would be fetched from.
"""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from kms_katas.kit.plain import one_line
from kms_katas.kit.questions import Question
from kms_katas.study.export import packed, pieces, shown_options

ITEM = "http://www.imsglobal.org/xsd/imsqti_v2p1"
MANIFEST = "http://www.imsglobal.org/xsd/imscp_v1p1"
"""Names of the two vocabularies; nobody opens them."""

_ANSWER, _SCORE, _WHY = "RESPONSE", "SCORE", "FEEDBACK"


def as_qti(questions: Iterable[Question]) -> bytes:
    """A zip file: imsmanifest.xml, and items/TOPIC/NAME.xml for each question, in the order given.

    One point for all the right options and no other, else none. The options are shuffled by the platform. After an
    answer the candidate is shown, at each option chosen, why it is right or wrong.
    """
    items = {f"items/{question.id}.xml": question for question in questions}
    files = {"imsmanifest.xml": _written(_manifest(items))}
    return packed(files | {name: _written(_item(question)) for name, question in items.items()})


def _manifest(items: dict[str, Question]) -> Element:
    root = Element("manifest", {"xmlns": MANIFEST, "identifier": "kms-katas"})
    about = SubElement(root, "metadata")
    SubElement(about, "schema").text = "QTIv2.1 Item Bank Package"
    SubElement(about, "schemaversion").text = "1.0.0"
    SubElement(root, "organizations")
    resources = SubElement(root, "resources")
    for name, question in items.items():
        kind = {"identifier": _identifier(question), "type": "imsqti_item_xmlv2p1", "href": name}
        SubElement(SubElement(resources, "resource", kind), "file", {"href": name})
    return root


def _item(question: Question) -> Element:
    names = {"xmlns": ITEM, "xml:lang": "en", "identifier": _identifier(question), "title": one_line(question.id)}
    root = Element("assessmentItem", names | {"adaptive": "false", "timeDependent": "false", "toolName": "kms-katas"})
    options = {f"option-{number}": option for number, option in enumerate(shown_options(question), 1)}
    right = [name for name, option in options.items() if option.right]
    many = "single" if len(right) == 1 else "multiple"
    answer = _declared(root, "responseDeclaration", _ANSWER, many, "identifier")
    correct = SubElement(answer, "correctResponse")
    for name in right:
        SubElement(correct, "value").text = name
    score = _declared(root, "outcomeDeclaration", _SCORE, "single", "float", normalMaximum="1")
    SubElement(SubElement(score, "defaultValue"), "value").text = "0"
    _declared(root, "outcomeDeclaration", _WHY, many, "identifier")
    body = SubElement(root, "itemBody")
    *before, asked = [part for part in question.scenario.split("\n\n") if part.strip()] or [""]
    for part in before:
        _fill(SubElement(body, "p"), part)
    # As many as are right, and the question says how many: more cannot be ticked.
    limits = {"responseIdentifier": _ANSWER, "shuffle": "true", "maxChoices": str(len(right))}
    choice = SubElement(body, "choiceInteraction", limits)
    _fill(SubElement(choice, "prompt"), asked)
    for name, option in options.items():
        one = SubElement(choice, "simpleChoice", {"identifier": name, "fixed": "false"})
        # Canvas takes the first child as the option's text, where there is feedback: without the span it would take
        # what stands before the first code (its choice_interaction.rb, as read in November 2026).
        text = SubElement(one, "span")
        _fill(text, option.text)
        text.tail = " "
        told = {"outcomeIdentifier": _WHY, "identifier": name, "showHide": "show"}
        _fill(SubElement(one, "feedbackInline", told), option.why)
    _scoring(root)
    return root


def _scoring(root: Element) -> None:
    """The rules of IMS's template match_correct, written out: with a template alone no feedback could be chosen."""
    rules = SubElement(root, "responseProcessing")
    condition = SubElement(rules, "responseCondition")
    if_right = SubElement(condition, "responseIf")
    match = SubElement(if_right, "match")
    SubElement(match, "variable", {"identifier": _ANSWER})
    SubElement(match, "correct", {"identifier": _ANSWER})
    for branch, points in ((if_right, "1"), (SubElement(condition, "responseElse"), "0")):
        score = SubElement(branch, "setOutcomeValue", {"identifier": _SCORE})
        SubElement(score, "baseValue", {"baseType": "float"}).text = points
    SubElement(SubElement(rules, "setOutcomeValue", {"identifier": _WHY}), "variable", {"identifier": _ANSWER})


def _declared(root: Element, kind: str, name: str, cardinality: str, base: str, **more: str) -> Element:
    return SubElement(root, kind, {"identifier": name, "cardinality": cardinality, "baseType": base} | more)


def _identifier(question: Question) -> str:
    """Unlike any other's, also among a platform's own: without a slash or a colon, which no identifier may have."""
    return f"kms-katas.{question.id.replace('/', '.')}"


def _fill(element: Element, text: str) -> None:
    """`text` on one line, its code in <code>."""
    code = None
    for piece, is_code in pieces(one_line(text)):
        if is_code:
            code = SubElement(element, "code")
            code.text = piece
        elif code is None:
            element.text = (element.text or "") + piece
        else:
            code.tail = (code.tail or "") + piece


def _written(root: Element) -> bytes:
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
