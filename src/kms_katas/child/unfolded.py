"""What the AWS Encryption SDK, translated from Dafny, does letter by letter, done at once: the same results.

Not for what it decides: of that nothing is here. A sequence of Dafny never changes; it is a list, or two that are
joined when somebody first looks into them.
"""

import base64
from typing import Any


def unfold() -> None:
    """From now on, in this process. The package has to be there."""
    import _dafny
    from smithy_dafny_standard_library.internaldafny.generated import UTF8, Base64, StandardLibrary, Wrappers

    decode: Any = Base64.default__.Decode

    def item(sequence: Any, key: Any) -> Any:
        part = sequence.Elements[key]
        return _dafny.Seq(part, isStr=sequence.isStr) if isinstance(key, slice) else part

    def found(sequence: Any, element: Any, start: int) -> Any:
        try:
            return Wrappers.Option_Some(sequence.Elements.index(element, start))
        except ValueError:
            return Wrappers.Option_None()

    def encoded(data: Any) -> Any:
        return _dafny.Seq(base64.b64encode(bytes(data)).decode("ascii"))

    def decoded(text: Any) -> Any:
        """What Python would take in another spelling too, and what it refuses, is the SDK's own to judge."""
        letters = "".join(text)
        try:
            data = base64.b64decode(letters, validate=True)
        except ValueError:
            return decode(text)
        return Wrappers.Result_Success(_dafny.Seq(data)) if base64.b64encode(data).decode() == letters else decode(text)

    _dafny.Seq.__iter__, _dafny.Seq.__getitem__ = (lambda sequence: iter(sequence.Elements)), item
    StandardLibrary.default__.FindIndexMatching = staticmethod(found)
    UTF8.default__.IsASCIIString, UTF8.default__.ValidUTF8Seq = staticmethod(_is_ascii), staticmethod(_is_utf8)
    Base64.default__.Encode, Base64.default__.Decode = staticmethod(encoded), staticmethod(decoded)


def _is_ascii(text: Any) -> bool:
    return "".join(text).isascii()


def _is_utf8(data: Any) -> bool:
    try:
        bytes(data).decode()
    except UnicodeDecodeError:
        return False
    return True
