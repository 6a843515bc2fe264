"""A learner's file as a module, and calls of its functions.

What happens comes back as plain data: a value, or what was raised.
"""

import __future__

import inspect
import linecache
import random
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any

from botocore.exceptions import ClientError

from kms_katas.child import wire
from kms_katas.child.bridge import Bridge

MAX_MESSAGE = 2000
_FUTURE = __future__.annotations.compiler_flag  # the only such import that still changes anything


class Answer:
    """The learner's module. `paths` are what its frames and messages call its parts: a file, or cells of a notebook."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self.module: ModuleType | None = None
        self.paths: list[str] = []

    def load(
        self, source: str, path: str, more: Iterable[Sequence[str]] = (), foretold: bool = False
    ) -> dict[str, Any]:
        """Run the file's top level, and whatever of (source, path) follows it, in one module.

        `foretold`: with `random` where it was at the last such load.

        The outcome is {"done": None} or {"raised": ...}.
        """
        if foretold:
            random.seed(0)
        parts = [(source, path), *more]
        self.paths = [path for _, path in parts]
        module = ModuleType("answer")
        module.__file__ = path
        for source, path in parts:
            # So that a traceback, and inspect, find the text without reading any file.
            linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
        sys.modules["answer"] = self.module = module
        future = 0  # what an earlier cell imports from __future__ holds for those after it, as in a notebook
        try:
            for source, path in parts:
                code = _compiled(source, path, future)
                future |= code.co_flags & _FUTURE
                exec(code, module.__dict__)
        except BaseException as error:
            return {"raised": self._raised(error)}
        return {"done": None}

    def call(self, function: str, arguments: Any, keywords: Any) -> dict[str, Any]:
        """Call one function.

        The outcome is {"done": value}, {"raised": ...}, {"missing": sentence} or {"foreign": sentence}.
        """
        args = wire.decode(arguments, self.bridge.handle)
        kwargs = wire.decode(keywords, self.bridge.handle)
        try:
            target = getattr(self.module, function, None)
            if not callable(target):
                return {"missing": f"there is no function `{function}` in it"}
            value = target(*args, **kwargs)
        except TypeError as error:
            # Raised by the call itself, before any line of the function: then the arguments may not fit.
            called = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            if not called and (misfit := _misfit(target, args, kwargs)):
                return {"missing": f"`{function}{misfit}"}
            return {"raised": self._raised(error)}
        except BaseException as error:
            return {"raised": self._raised(error)}
        try:
            return {"done": wire.encode(value)}
        except wire.WireError as error:
            return {"foreign": str(error)}
        except BaseException as error:
            return {"raised": self._raised(error)}

    def _raised(self, error: BaseException) -> dict[str, Any]:
        """Everything asked of the exception is asked with care: its class may be the learner's own."""
        return {
            "type": _text(lambda: type(error).__name__),
            "message": _text(lambda: error),
            "code": _text(lambda: _code(error)),
            "frames": self._frames(error),
        }

    def _frames(self, error: BaseException) -> list[dict[str, Any]]:
        try:
            return self._own_frames(error)
        except BaseException:
            return []

    def _own_frames(self, error: BaseException) -> list[dict[str, Any]]:
        """The learner's own frames, outermost first; for a SyntaxError, the place that it names."""
        if type(error) in (SyntaxError, IndentationError, TabError) and error.filename in self.paths:  # type: ignore[attr-defined]
            line, text = int(error.lineno or 0), str(error.text or "").strip()  # type: ignore[attr-defined]
            part = self.paths.index(error.filename)  # type: ignore[attr-defined]
            return [{"line": line, "function": "", "text": text, "part": part}]
        # Chosen first: of each frame that is looked into, traceback reads the whole file.
        own = [at for at in traceback.walk_tb(error.__traceback__) if at[0].f_code.co_filename in self.paths]
        return [
            {"line": at.lineno or 0, "function": at.name, "text": at.line or "", "part": self.paths.index(at.filename)}
            for at in traceback.StackSummary.extract(iter(own[-20:]))
        ]


@lru_cache(maxsize=32)
def _compiled(source: str, path: str, flags: int) -> CodeType:
    """Each check loads the same file, and to compile it takes longer than to run it."""
    code: CodeType = compile(source, path, "exec", flags, dont_inherit=True)
    return code


def _misfit(target: Any, args: Any, kwargs: Any) -> str:
    """Why `target` does not take these arguments, after its name; empty when it does, or when nobody can tell."""
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        return f"{signature}` cannot be called as the brief says: {error}"
    return ""


def _code(error: BaseException) -> object:
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def _text(read: Callable[[], object]) -> str:
    """What `read` gives, as plain text of at most MAX_MESSAGE characters."""
    try:
        return str.__str__(str(read()))[:MAX_MESSAGE]
    except BaseException:
        return "(it cannot be read)"
