"""`kata watch`: each save of an answer is judged in a lane that stays warm. Nothing that was shown is cleared away.

Not for how a save is seen (file_events.py), what it left (saves.py), or how keys reach us (keys.py).
"""

import contextlib
import gc
import os
import queue
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from kms_katas.cli import PASSED, read, screen
from kms_katas.cli.check import after_pass, not_started, note_passes, what_a_reviewer_would_say
from kms_katas.cli.file_events import FileEvents, polling_is_forced
from kms_katas.cli.keys import keyboard
from kms_katas.cli.place import Place, answer_files, kata_to_check, next_kata
from kms_katas.cli.saves import (
    Content,
    content_of,
    decide,
    finished_cells,
    finished_content,
    notebook_trace,
    trace_of,
)
from kms_katas.grading.cells import notebook_in_place
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import Runner, best_runner
from kms_katas.grading.source import display_path
from kms_katas.kit import Kata, KitError, Verdict
from kms_katas.reports.text import as_text, in_short
from kms_katas.study.progress import ProgressError
from kms_katas.study.workspace import Workspace, WorkspaceError, reset

if TYPE_CHECKING:
    from kms_katas.grading.lane import Lane

POLL_SECONDS = 0.1
NET_SECONDS = 1.0
"""How often the files are looked at without events, and with them: for what no event told of."""
_ROUNDS = 5
"""How often a file that is saved again while it is judged is judged anew before a verdict is shown all the same."""

KEYS = {
    "n": "next kata",
    "h": "hint",
    "l": "list",
    "r": "reset",
    "Enter": "check again",
    "q": "quit",
    "?": "these keys",
}
_NAMED = {"\n": "Enter", "\r": "Enter", "\x04": "q"}
_LIKE_THAT = "Drives of Windows (WSL), of the network and of containers are like that."
_SAVED = ""
"""In the inbox: something was saved. Anything else there is a key."""


def watch(place: Place, word: str | None, isolation: str | None = None) -> int:
    """Until the learner quits. Raises WorkspaceError when the workspace is gone."""
    kit, workspace = place.kit, place.need_workspace()
    only = place.find(word) if word else None
    if only and not kit.has_checks(only):
        raise KitError(f"{only.id} cannot be watched: its checks are not here, but with your course.")
    workspace.progress()  # one that cannot be read is refused before anything runs
    inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
    with contextlib.ExitStack() as stack:
        runner = best_runner(isolation, kit.private)
        stack.callback(lambda: runner.close())
        runner.warm()
        events = FileEvents(workspace.root, lambda: inbox.put(_SAVED))
        stack.callback(events.close)
        has_keys = stack.enter_context(keyboard(inbox.put))
        watching = _Watch(place, workspace, only, runner, events, inbox, has_keys)
        watching.greet()
        while True:
            from kms_katas.grading.lane import grade_in_lane  # while the runner warms up

            try:
                return grade_in_lane(kit, watching.katas, runner, watching.run)
            except Infra as error:
                if not watching.running:
                    raise
                watching.machinery_failed(error)
                runner.close()
                watching.runner = runner = best_runner(isolation, kit.private)
                runner.warm()
            except OSError:
                # Leaving a lane needs the folder that the learner stood in.
                watching.need_root()
                raise


class _Watch:
    """What the learner is at, what was judged, and what each event leads to. It outlives the lane."""

    def __init__(
        self,
        place: Place,
        workspace: Workspace,
        only: Kata | None,
        runner: Runner,
        events: FileEvents,
        inbox: "queue.SimpleQueue[str]",
        has_keys: bool,
    ) -> None:
        self._place, self._kit, self._workspace, self._only = place, place.kit, workspace, only
        self.runner, self._events, self._inbox, self._has_keys = runner, events, inbox, has_keys
        self.katas = (only,) if only else tuple(filter(self._kit.has_checks, workspace.katas(self._kit)))
        self.running = False
        self._began = False
        at = only or kata_to_check(self._kit, workspace)
        self._current = at if at in self.katas else None
        self._introduced = True
        """False while the learner was told the name of the current kata and no more."""
        self._failing: dict[str, int] = {}
        """The task of the first check that did not pass, of the katas that were judged and did not pass."""
        self._to_reset: Kata | None = None
        self._judging: Kata | None = None
        self._has_judged = False
        self._polling = False
        self._looked_at = time.monotonic()
        self._traces = {kata.id: trace_of(workspace.folder(kata), kata) for kata in self.katas}
        self._notebooks = {kata.id: notebook_trace(workspace.folder(kata)) for kata in self.katas}
        self._cells = {kata.id: finished_cells(self._kit, kata, workspace.folder(kata)) for kata in self.katas}
        """The answer in a notebook as it was judged last, or was there when the watch began."""
        here = {kata.id: content_of(workspace.folder(kata), kata) for kata in self.katas}
        self._judged: dict[str, Content] = {kata: content for kata, content in here.items() if None not in content}

    def greet(self) -> None:
        what = self._only.id if self._only else "every kata"
        _say(Text.assemble("Watching ", (what, "bold"), " in ", (display_path(self._workspace.root), "cyan"), "."))
        if self._has_keys:
            self._show_keys()
        else:
            _say(Text("No keys here: standard input is not a terminal. Ctrl-C stops.", style="dim"))

    def run(self, lane: "Lane") -> int:
        """The body of the lane. The exit status."""
        self._lane, self.running = lane, True
        lane.may_tell = self._workspace.may_tell
        if not self._began:
            self._began = True
            if self._current:
                self._judge(self._current)
            self._choose_how_to_look()
            gc.collect()
            gc.freeze()
        self._say_what_for()
        # Rubbish is collected when there is nothing to do, not between a save and its verdict.
        gc.disable()
        try:
            while True:
                if self._has_judged:
                    self._has_judged = False
                    self.runner.warm()
                    gc.collect(1)
                word = self._next_word()
                if word == "q":
                    _say(Text("Stopped watching."))
                    return PASSED
                if self._press(word) if word else self._look(told=word is not None):
                    self._say_what_for()
        finally:
            gc.enable()

    def machinery_failed(self, error: Infra) -> None:
        self.running = False
        if self._judging is None:
            return  # nobody waits for anything, and nothing was lost
        self._judged.pop(self._judging.id, None)
        how = "press Enter" if self._has_keys else "save it again"
        _say(
            Text(f"The kit itself failed, your answer was not judged: {error}. To have it judged, {how}.", style="red")
        )

    def need_root(self) -> None:
        if not self._workspace.root.is_dir():
            raise WorkspaceError(
                f"The workspace {self._workspace.root} is gone, so there is nothing to watch. "
                f"Put it back, or make a new one with `{screen.command('init')}`."
            )
        try:
            os.getcwd()
        except FileNotFoundError:
            raise WorkspaceError(
                "The folder that you stood in is gone. Go to another and start the watch again."
            ) from None

    # Saves

    def _next_word(self) -> str | None:
        """What is first in the inbox; None when nothing came until it was time to look."""
        with contextlib.suppress(queue.Empty):
            word = self._inbox.get(timeout=POLL_SECONDS if self._polling else NET_SECONDS)
            return _NAMED.get(word, word.lower())
        return None

    def _look(self, told: bool) -> bool:
        """Judge what was saved; whether anything was said. Not `told` by an event, see whether that is no accident."""
        self.need_root()
        before, self._looked_at = self._looked_at, time.monotonic()
        changed = said = False
        for kata in self.katas:
            trace = trace_of(self._workspace.folder(kata), kata)
            if trace != self._traces[kata.id]:
                self._traces[kata.id], changed = trace, True
                said |= self._saved(kata)
            if (trace := notebook_trace(self._workspace.folder(kata))) != self._notebooks[kata.id]:
                self._notebooks[kata.id], changed = trace, True
                said |= self._saved_notebook(kata)
        if not self._polling and self._events.problem:
            said = self._poll(f"the system does not tell of changes ({self._events.problem}).")
        elif not self._polling and changed and not told and not self._events.came_since(before):
            said = self._poll(f"the system did not tell of this save. {_LIKE_THAT}")
        return said

    def _saved(self, kata: Kata) -> bool:
        """Whether anything was said."""
        content = finished_content(self._workspace.folder(kata), kata)
        found = decide(self._kit, kata, content, self._judged.get(kata.id), kata == self._current)
        if found.judge:
            self._judge(kata)
        elif found.gone:
            self._say_gone(kata, found.gone)
        elif None not in content:
            self._judged[kata.id] = content
        return found.judge or bool(found.gone)

    def _saved_notebook(self, kata: Kata) -> bool:
        """Whether anything was said."""
        before = self._cells[kata.id]
        self._cells[kata.id] = cells = finished_cells(self._kit, kata, self._workspace.folder(kata))
        judge = bool(cells) and cells != before
        if judge:
            self._judge(kata)
        return judge

    def _say_gone(self, kata: Kata, name: str) -> None:
        self._judged.pop(kata.id, None)
        path = display_path(self._workspace.folder(kata) / name)
        starter = "press r for the starter" if self._has_keys else f"type {screen.command(f'reset {kata.name}')}"
        _say(Text(f"{path} is gone. Put it back, or {starter}; the watch goes on.", style="yellow"))

    def _judge(self, kata: Kata) -> None:
        """Judge and show, and what was saved in the meantime in its place: a verdict on half a file helps nobody."""
        folder = self._workspace.folder(kata)
        self._current, self._introduced, self._to_reset = kata, True, None
        _say(Rule(Text(f"{datetime.now():%H:%M:%S}  {kata.id}", style="bold"), align="left", style="dim"))
        self._judging = kata
        content = content_of(folder, kata)
        for _ in range(_ROUNDS):
            verdict = self._lane.grade_folder(kata, folder)
            later = content_of(folder, kata)
            if later == content:
                break
            content = finished_content(folder, kata)
        self._judged[kata.id] = content
        self._judging, self._has_judged = None, True
        self._show(kata, verdict)

    def _show(self, kata: Kata, verdict: Verdict) -> None:
        folder = self._workspace.folder(kata)
        notebook = notebook_in_place(self._kit, kata, folder)
        if verdict.passed:
            self._failing.pop(kata.id, None)
            _say(as_text(verdict, kata.title))
            _say(Group(*what_a_reviewer_would_say(kata, folder, notebook)))
            _say(Group(*after_pass(self._kit, kata, verdict, self._workspace, self._key("n"))))
            note_passes(self._workspace, [verdict])
            following = None if self._only else next_kata(self._kit, self.katas, self._workspace.progress())
            if following:
                self._current, self._introduced = following, False
        else:
            failing = next(check.task for check in verdict.checks if check.status != "pass")
            first_time = kata.id not in self._failing
            self._failing[kata.id] = failing
            if verdict.untouched:
                _say(Group(*not_started(self._kit, kata, folder, first_time, notebook)))
            else:
                _say(in_short(verdict, kata.title))

    def _choose_how_to_look(self) -> None:
        if polling_is_forced():
            self._poll("WATCHFILES_FORCE_POLLING asks for it.")
        elif not self._events.come():
            why = f" ({self._events.problem})" if self._events.problem else ""
            self._poll(f"the system does not tell of changes in this folder{why}. {_LIKE_THAT}")

    def _poll(self, why: str) -> bool:
        self._polling = True
        _say(Text(f"Looking at your files every {POLL_SECONDS:g} seconds: {why}", style="dim"))
        return True

    def _say_what_for(self) -> None:
        """The last line on the screen: that this is alive, which file to save, what to press."""
        if self._to_reset:
            return
        keys = "   n shows it" if not self._introduced else "   h hint  n next  ? all keys"
        what = answer_files(self._workspace, self._current, "or") if self._current else "any answer"
        _say(Text.assemble("Waiting for you to save ", (what, "cyan"), (keys if self._has_keys else "", "dim")))

    # Keys

    def _press(self, key: str) -> bool:
        """Do what the key says, or say why not. Whether anything was said: always."""
        try:
            self._do(key)
        except (KitError, ProgressError, WorkspaceError) as error:
            _say(Text(str(error), style="yellow"))
        return True

    def _do(self, key: str) -> None:
        if self._to_reset:
            kata, self._to_reset = self._to_reset, None
            self._reset(kata) if key == "y" else _say(Text("Nothing was changed."))
        elif key == "n":
            self._next()
        elif key == "l":
            read.list_katas(self._place, None, None, None, False, "text")
        elif key == "?":
            self._show_keys()
        elif key not in ("h", "r", "Enter"):
            _say(Text(f"{key if key.isprintable() else 'That key'} does nothing here; ? shows the keys.", style="dim"))
        elif self._current is None:
            _say(Text("You have passed every kata: save the answer that you mean first."))
        elif key == "h":
            read.hint(self._place, self._current.id, self._failing.get(self._current.id), key="h")
        elif key == "Enter":
            self._judge(self._current)
        else:
            self._to_reset = self._current
            files = answer_files(self._workspace, self._current)
            _say(Text(f"Put the starter of {self._current.id} back in place of {files}? A copy of yours is kept. y/n"))

    def _next(self) -> None:
        """The kata that was only named so far; else the next one in the kit's order that is not passed."""
        if self._only:
            _say(Text(f"This watch is of {self._only.id} alone. `{screen.command('watch')}` goes through them all."))
            return
        if self._current and not self._introduced:
            self._judge(self._current)
            return
        at = self.katas.index(self._current) + 1 if self._current else 0
        progress = self._workspace.progress()
        ahead = [*self.katas[at:], *self.katas[: max(at - 1, 0)]]
        following = next((kata for kata in ahead if not progress.passed(kata.id)), None)
        if following:
            self._judge(following)
        else:
            _say(Text("There is no other kata that you have not passed."))

    def _reset(self, kata: Kata) -> None:
        backup = reset(self._kit, kata, self._workspace, datetime.now())
        kept = f" Your answer is kept in {display_path(backup)}." if backup else ""
        _say(Text(f"{kata.id} is the starter again.{kept}"))

    def _show_keys(self) -> None:
        _say(Text.assemble("Keys:  ", *(part for key, does in KEYS.items() for part in ((key, "cyan"), f" {does}  "))))

    def _key(self, key: str) -> str:
        return key if self._has_keys else ""


def _say(what: RenderableType) -> None:
    screen.console().print(what)
    sys.stdout.flush()  # a pipe would keep it
