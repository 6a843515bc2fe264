"""The fixture `answer`: a learner's files as a check sees them.

Every call of code crosses the bridge, and what came of the last one is kept for the report. A policy is read here: for
it no process is started.
"""

import time
from typing import Any, TypeVar

from kms_katas.child import wire
from kms_katas.grading.document import PolicyFile
from kms_katas.grading.environment import environment_of
from kms_katas.grading.expect import Rejected
from kms_katas.grading.fresh import derive_seed
from kms_katas.grading.gate import Gate
from kms_katas.grading.handles import ClientHandle, ClockHandle, GivenSource, Sink, Source
from kms_katas.grading.outcome import (
    MAX_MESSAGE,
    AnswerRaised,
    AnswerSkipped,
    AnswerTimeout,
    AnswerUnusable,
    not_an_answer,
    read_raised,
    why_here,
)
from kms_katas.grading.run import Run
from kms_katas.grading.runner import MAX_OUTPUT
from kms_katas.grading.show import show, show_call, show_text
from kms_katas.grading.table import Table
from kms_katas.lab import Call, Lab, Principal
from kms_katas.policy import Proof

S = TypeVar("S", bound=Source | Sink)


class Answer:
    """One answer in one check: a module of its own, in a process that the checks of a run share until a restart()."""

    def __init__(self, run: Run, lab: Lab, learner: Principal, seed: int, title: str = "") -> None:
        self._run, self.lab, self.learner, self._seed, self._title = run, lab, learner, seed, title
        self._began = time.thread_time()
        self._path = run.path
        self._gate = Gate(lab, run.kata.services)
        self._loaded = self._foretold = False
        self._printed = ""
        self._called = self._returned = _nothing
        self.proofs: list[Proof] = []
        """What a check proved or refuted of policies."""
        self.after_pass = ""
        """What to show once every check has passed."""

    def call(self, function: str, *arguments: Any, **keywords: Any) -> Any:
        """What the answer's function returns.

        Raises AnswerRaised as it raises; a result that cannot cross the bridge is refused by name. Raises AnswerSkipped
        for a function that did not end in a check before: it is not waited for again.
        """
        for name in ("", function):
            if name in self._run.unending:
                raise AnswerSkipped(name, self._run.unending[name])
        if not self._loaded:
            self._load()
        handles: list[Any] = []

        def describe(value: Any) -> dict[str, Any] | None:
            handles.append(value)
            return value.describe() if isinstance(value, (ClientHandle, ClockHandle, Source, Sink)) else None

        encoded = wire.encode(list(arguments), describe), wire.encode(keywords, describe)
        # Of what crossed, which nobody changes, and only if it is asked for.
        self._called = lambda: _show_call(function, *encoded, handles)
        self._returned = _nothing
        outcome = self._send({"order": "call", "function": function, "arguments": encoded[0], "keywords": encoded[1]})
        try:
            return self._value(function, outcome)
        except AnswerUnusable:
            # What still comes from such a process would be taken for the outcome of the next call.
            self.restart()
            raise

    def _value(self, function: str, outcome: dict[str, Any]) -> Any:
        """The value in an outcome; whatever else it says is raised."""
        match outcome:
            case {"missing": str(sentence)}:
                raise AnswerUnusable(
                    f"{self._path.name}: {sentence[:MAX_MESSAGE]}.",
                    "Keep the names and parameters of the starter's functions.",
                )
            case {"foreign": str(named)}:
                self.returned = named[:MAX_MESSAGE]
                raise Rejected(
                    f"`{function}` gave back {self.returned}, which cannot leave the answer's process.",
                    expected="None, bool, int, float, str, bytes, datetime, list, tuple or dict",
                    next_step="Return plain data of these types.",
                )
            case {"raised": report}:
                raised = read_raised(report, f"`{function}`")
                self.returned = f"{raised.type}: {show_text(raised.message, 200)}"
                try:
                    raise raised
                finally:
                    del raised  # it knows where it was raised, and so would keep itself and all that was at hand there
            case {"done": data}:
                try:
                    value = wire.decode(data)
                except wire.WireError as error:
                    raise not_an_answer(error) from error
                self._returned = lambda: show(wire.decode(data))
                return value
        raise not_an_answer("an outcome of the wrong form")

    @property
    def called(self) -> str:
        """The last call, as it would be written; or what a check did in the answer's place, as the check says."""
        return self._called()

    @called.setter
    def called(self, told: str) -> None:
        self._called = lambda: told

    @property
    def returned(self) -> str:
        """What came of it, as short."""
        return self._returned()

    @returned.setter
    def returned(self, told: str) -> None:
        self._returned = lambda: told

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the answer's files."""
        return self._run.kata.answer

    def policy(self, name: str) -> PolicyFile:
        """The learner's policy in one of the answer's files.

        Raises AnswerUnusable, with file and line, where the file holds no policy.
        """
        return self._run.policy(name)

    def table(self, name: str) -> Table:
        """The learner's table in one of the answer's files.

        Raises AnswerUnusable, with file and line, where the file holds none.
        """
        return self._run.table(name)

    def may_tell(self, table: int, digest: str) -> bool:
        """Whether it may be told how many rows are right in these answers to a table."""
        return self._run.may_tell(self._run.kata, table, digest)

    def raises(self, function: str, *arguments: Any, **keywords: Any) -> AnswerRaised | None:
        """What the answer's function raises, or None when it returns."""
        try:
            self.call(function, *arguments, **keywords)
        except AnswerRaised as raised:
            return raised.with_traceback(None)
        return None

    def restart(self) -> None:
        """Call the next function in a new process: nothing that the answer kept in memory is there any more."""
        self._printed = self.output
        self._run.close()
        self._loaded = False

    def forget(self, *, foretold: bool = False) -> None:
        """Read the file again before the next call: what the answer kept in its module is not there any more.

        As at the start of each check, and for a tenth of what a restart() costs. What it kept elsewhere in its process
        is still there, so where another process is promised, one check at least has to take that.

        `foretold`: Python's `random` then begins as after every other such call, as for an attacker who found out
        where it stands. What comes from `secrets` or os.urandom is new as ever.
        """
        self._loaded = False
        self._foretold = foretold

    def client(
        self, principal: Principal | None = None, service: str = "kms", region: str | None = None
    ) -> ClientHandle:
        """A client to hand to the answer; without `principal`, that of the learner."""
        return ClientHandle(service, region or self.lab.region, principal or self.learner)

    def stream(self, content: int | bytes, most: int | None = None, handed: bool = False) -> Source:
        """A stream for the answer to read: so many random bytes, or these. `most`: no read gives more at once.

        `handed`: the answer's process gets all of it with the call, and no read has to be waited for. Then what is
        kept of reads is what that process says of them: nothing to judge by how much was held, or known when.
        """
        number = len(self._gate.streams)
        if isinstance(content, bytes):
            return self._registered(GivenSource(number, content, most, handed))
        return self._registered(Source(number, derive_seed(self._seed, str(number)), content, most, handed))

    def sink(self, source: Source | None = None) -> Sink:
        """A stream for the answer to write to; see there what it keeps with a `source`."""
        return self._registered(Sink(len(self._gate.streams), source))

    @property
    def clock(self) -> ClockHandle:
        return ClockHandle()

    @property
    def calls(self) -> tuple[Call, ...]:
        """The AWS calls that the answer made in this check, in order; of policies, those that were tried on them."""
        return tuple(call for call in self.lab.calls if call.via == "answer")

    @property
    def open_points(self) -> frozenset[str]:
        """The points that AWS leaves open on which this check rests, by a decision in the lab or by a proof.

        A refutation rests on its one request; a proof may rest on whatever the policies raise.
        """
        proofs = [proof for proof in self.proofs if proof.verdict == "refuted"] or self.proofs
        in_lab = [call.decision for call in self.lab.calls if call.decision is not None]
        return frozenset().union(*(decision.open for decision in in_lab), *(proof.open for proof in proofs))

    @property
    def output(self) -> str:
        """What the answer printed in this check: the first MAX_OUTPUT characters."""
        if self._run.process is not None:
            self._printed = (self._printed + self._run.process.take_output())[:MAX_OUTPUT]
        return self._printed

    def _registered(self, stream: S) -> S:
        self._gate.streams[stream.number] = stream
        return stream

    def _load(self) -> None:
        (source, path), *more = self._run.parts
        environment = environment_of(self.learner, self.lab.region)
        order = {"order": "load", "source": source, "path": path, "more": more, "environment": environment}
        outcome = self._send(order | {"foretold": self._foretold})
        if "raised" in outcome:
            raised = read_raised(outcome["raised"], path)
            line = raised.frames[-1].line if raised.frames else 0
            path = self._run.part_name(raised.frames[-1].part) if raised.frames else self._run.shown_path
            raise AnswerUnusable(
                f"{self._path.name} stops while Python reads it: {raised.type}: {raised.message}",
                f"Open {path}" + (f" at line {line}." if line else ".") + why_here(raised, self._run.runner.isolation),
                line,
                path,
            )
        self._loaded = True

    def in_time(self) -> None:
        """Raises AnswerTimeout when the time for this check is used up. Of documents, what the lab computes counts."""
        if self._run.kata.documents_only:
            began, self._began = self._began, time.thread_time()
            self._run.spend(self._began - began)
        if self._run.cpu_left <= 0:
            raise AnswerTimeout(computing=True)
        if time.monotonic() >= self._run.check_deadline:
            raise AnswerTimeout

    def _send(self, message: dict[str, Any]) -> dict[str, Any]:
        self.in_time()
        if self._run.process is None:
            self._run.start()
        assert self._run.process is not None
        process = self._run.process
        message["now"] = self.lab.clock.now().timestamp()
        before = process.spent()
        try:
            try:
                return process.order(message, self._gate.reply, self._run.check_deadline, self._run.cpu_left)
            finally:
                self._run.spend(*(now - then for now, then in zip(process.spent(), before, strict=True)))
        except BaseException as error:
            if isinstance(error, AnswerTimeout):
                self._run.unending[message.get("function", "")] = self._title
            # Stopped half-way: nothing more can be asked of this process.
            self.restart()
            raise


def _nothing() -> str:
    return ""


def _show_call(function: str, arguments: Any, keywords: Any, handles: list[Any]) -> str:
    """Of what crossed: the handles come in it as they are listed."""
    left = iter(handles)
    return show_call(function, *(wire.decode(data, lambda _: next(left)) for data in (arguments, keywords)))
