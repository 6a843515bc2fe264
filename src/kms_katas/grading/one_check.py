"""Runs one check with its fixtures, and says what was raised first. Not for what that means: see in_words.py.

Plain checks are run here, from what pytest has collected: its own way of looking up and taking down every fixture of
every check anew costs more than most of these fixtures do. It still runs all the others.
"""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

_HOOKS = (
    *("pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_teardown", "pytest_runtest_makereport"),
    *("pytest_pyfunc_call", "pytest_fixture_setup", "pytest_fixture_post_finalizer"),
)
"""By which pytest asks plugins as it runs a check."""


class Checks:
    """Runs the checks of a session, one at a time. `there`: fixtures that `raised_in` will be given, by name."""

    def __init__(self, session: pytest.Session, there: Collection[str]) -> None:
        self._outcome = _Outcome()
        session.config.pluginmanager.register(self._outcome)
        hooks = [hook for name in _HOOKS for hook in getattr(session.config.hook, name).get_hookimpls()]
        # A course's own conftest.py may have a say in how its checks are run.
        of_others = any(not hook.function.__module__.startswith(("_pytest.", "kms_katas.")) for hook in hooks)
        self._plain = {item for item in session.items if not of_others and is_plain(item, there)}

    def raised_in(self, item: Any, there: Mapping[str, object]) -> BaseException | None:
        """What a check or one of its fixtures raises, or else a fixture as it ends."""
        if item in self._plain:
            with ExitStack() as ends:
                raised = _raised_by(_Fixtures(item, there, ends).call)
                later = _raised_by(ends.close)
            return later if raised is None else raised
        self._outcome.raised = None
        runtestprotocol(item, log=False, nextitem=None)
        return self._outcome.raised


def is_plain(item: Any, there: Collection[str]) -> bool:
    """Whether a check is a function, and neither it nor its fixtures ask for more than other fixtures.

    Parameters come by `request`. Of whatever scope a fixture is, it ends with its check: answers are kept apart.
    """
    # A class binds its fixtures to an instance, and a package may have a set-up of its own.
    if type(item) is not pytest.Function or item.cls or any(isinstance(at, pytest.Package) for at in item.listchain()):
        return False
    found = item._fixtureinfo.name2fixturedefs
    made = [fixture for name in item.fixturenames if name not in there for fixture in found.get(name, ())]
    asked = {*item._fixtureinfo.argnames, *(name for fixture in made for name in fixture.argnames)}
    # "request" is in neither.
    return asked <= {*found, *there} and not any(map(_is_async, (item.obj, *(fixture.func for fixture in made))))


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


class _Fixtures:
    """Of one check that is run: those that were there, and those that were made, in pytest's order, until `ends`."""

    def __init__(self, item: Any, there: Mapping[str, object], ends: ExitStack) -> None:
        self._item, self._found, self._ends = item, item._fixtureinfo.name2fixturedefs, ends
        self._values, self._making = dict(there), list[str]()

    def call(self) -> None:
        """Make the fixtures of the check, and call it."""
        for name in self._item.fixturenames:
            if name in self._found:  # not "request", for which those ask that were there
                self._value(name)
        self._item.obj(**{name: self._values[name] for name in self._item._fixtureinfo.argnames})

    def _value(self, name: str) -> object:
        if name not in self._values:
            self._making.append(name)
            # One that overrides another of its name may ask for that one: a level up for each that is being made.
            fixture = self._found[name][-self._making.count(name)]
            made = fixture.func(**{each: self._value(each) for each in fixture.argnames})
            if inspect.isgeneratorfunction(fixture.func):
                steps: Iterator[object] = made
                made = next(steps)
                self._ends.callback(_end, steps, name)
            self._values[self._making.pop()] = made
        return self._values[name]


def _end(steps: Iterator[object], name: str) -> None:
    for _ in steps:
        raise RuntimeError(f"the fixture {name} yields more than once")


def _raised_by(function: Callable[..., object], *arguments: object) -> BaseException | None:
    """None where it raises nothing. Ctrl-C goes through."""
    try:
        function(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return error
    return None


class _Outcome:
    """Keeps the first exception of an item's setup, call and teardown; spares pytest a report that nobody reads."""

    raised: BaseException | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        if call.excinfo is not None and self.raised is None:
            self.raised = call.excinfo.value
        outcome: Any = "passed" if call.excinfo is None else "failed"
        when: Any = call.when
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, when)
