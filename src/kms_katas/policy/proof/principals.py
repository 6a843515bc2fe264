"""The callers that policies can tell apart: one for every combination of names, patterns and kinds that one can fit.

Accounts are twelve digits, names of users and roles have a path, sessions a name of their own; the callers returned can
all exist. What a statement makes of one of them is decided in match.py.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, digits

from ..context import Context
from ..document import PolicyError
from ..principal import Principal
from .automaton import LETTERS, Budget, Part, Reading, TextTest, TextTests, example_texts, next_characters, plain
from .linked import open_tests
from .values import Atom, named_texts, text_tests

_IN_NAMES = LETTERS + "-_.@+=,"
_ACCOUNTS = ("444455556666", "999988887777", "111122223333", "123456789012")
_SERVICES = ("cloudtrail", "logs", "s3", "events", "sns")
_SERVICE_LINKED = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
_CONSTRUCT = "the wildcards on aws:PrincipalArn"


@dataclass(frozen=True)
class Names:
    """Whom Principal and NotPrincipal elements and grants name: ARNs and accounts, services, identity providers.

    `service_linked` is whether roles that services made for themselves are told from others.
    """

    aws: tuple[str, ...]
    services: tuple[str, ...]
    providers: tuple[str, ...]
    service_linked: bool = False

    @property
    def callers(self) -> list[Principal]:
        """The names that can be a caller; a role's stands for a session of it."""
        found = []
        for name in self.aws:
            try:
                found.append(Principal(name))
            except PolicyError:
                continue
        return found


def callers(
    partition: str,
    owner: str,
    names: Names,
    atoms: Iterable[Atom],
    linked: Mapping[str, Sequence[Part]],
    budget: Budget,
) -> list[Principal]:
    """One caller for every class, those first that people would think of first.

    `linked` has, by the key of a policy variable that the caller alone decides, further patterns to tell its values
    apart.
    """
    return list(_Callers(partition, owner, names, tuple(atoms), linked, budget).all())


class _Callers:
    def __init__(
        self,
        partition: str,
        owner: str,
        names: Names,
        atoms: tuple[Atom, ...],
        linked: Mapping[str, Sequence[Part]],
        budget: Budget,
    ) -> None:
        self._partition, self._owner, self._names, self._budget = partition, owner, names, budget
        self._named = names.callers
        self._services = [*_tests(atoms, "aws:principalservicename"), *(_equal(name) for name in names.services)]
        arns = [*_tests(atoms, "aws:principalarn"), *(_equal(name) for name in names.aws if name.startswith("arn:"))]
        if names.service_linked:
            arns.append(TextTest("like", ("*:role/aws-service-role/*",)))
        self._arns = TextTests(arns)
        self._linked_arns = linked.get("aws:principalarn", ())
        named_accounts = [caller.account for caller in self._named if caller.kind == "Account"]
        named_accounts += [name for name in names.aws if len(name) == 12 and name.isdigit()]
        self._accounts = [
            *(_equal(account) for account in dict.fromkeys((owner, *named_accounts))),
            *_tests(atoms, "aws:principalaccount"),
            *_tests(atoms, "kms:calleraccount"),
        ]
        self._linked_accounts = (*linked.get("aws:principalaccount", ()), *linked.get("kms:calleraccount", ()))
        self._usual_accounts = (owner, *named_accounts, *(caller.account for caller in self._named), *_ACCOUNTS)
        self._usernames = [plain(_tests(atoms, "aws:username")), *linked.get("aws:username", ())]
        self._usual_names = list(named_texts(_tests(atoms, "aws:username")))
        self._usual_paths = [
            text.split(":", 5)[-1]
            for text in named_texts([test for test in arns if not test.pattern[0].endswith(":root")])
        ]
        if names.service_linked:
            self._usual_paths.append(_SERVICE_LINKED)

    def all(self) -> Iterator[Principal]:
        accounts = list(self._all_accounts())
        for account in accounts:
            yield from (Principal(self._arn("iam", account, "user/" + name)) for name in self._users(account))
            yield from self._sessions(account)
            yield Principal(self._arn("iam", account, "root"))
        yield from (Principal(name) for name in self._all_services())
        for account in accounts:
            yield from self._federated(account)

    def _arn(self, service: str, account: str, rest: str) -> str:
        return f"arn:{self._partition}:{service}::{account}:{rest}"

    def _arn_parts(self, before: str, suffix: str | None = "") -> list[Part]:
        """The patterns on aws:PrincipalArn, after the beginning of an ARN."""
        parts = [Part(self._arns, self._arns.start), *self._linked_arns]
        return [
            Part(part.tests, part.tests.run(part.start, before), suffix if part.suffix == "" else None)
            for part in parts
        ]

    def _all_accounts(self) -> Iterator[str]:
        reading = Reading(
            [
                plain(self._accounts),
                *self._linked_accounts,
                *self._arn_parts(self._arn("iam", "", "")[:-1], None),
                *self._arn_parts(self._arn("sts", "", "")[:-1], None),
            ]
        )
        seen: set[tuple[int, ...]] = set()
        for account in dict.fromkeys(self._usual_accounts):
            fits = reading.fits(reading.run(reading.start, account))
            if len(account) == 12 and fits not in seen:
                seen.add(fits)
                yield account
        level = {reading.start: ""}
        for _ in range(12):
            following: dict[tuple[int, ...], str] = {}
            for state, text in level.items():
                for digit in next_characters(reading.awaited(state), "5678901234"):
                    self._budget.spend(1, "the wildcards on accounts")
                    following.setdefault(reading.step(state, digit), text + digit)
            level = following
        for state, account in level.items():
            if (fits := reading.fits(state)) not in seen:
                seen.add(fits)
                yield account

    def _users(self, account: str) -> Iterator[str]:
        usual = [path.removeprefix("user/") for path in self._usual_paths if path.startswith("user/")]
        return self._paths("user/", account, self._usernames, [*usual, *self._usual_names])

    def _sessions(self, account: str) -> Iterator[Principal]:
        named = [
            caller.arn.rsplit("/", 2)[1:]
            for caller in self._named
            if ":assumed-role/" in caller.arn and caller.account == account
        ]
        names = plain([_equal(role) for role, _ in named])
        usual = [path.removeprefix("role/") for path in self._usual_paths if path.startswith("role/")]
        for path in self._paths("role/", account, [names], [*usual, *(role for role, _ in named)]):
            role = path.rpartition("/")[2]
            theirs = [session for name, session in named if name == role]
            other = next(session for n in range(len(theirs) + 1) if (session := _session(n)) not in theirs)
            for session in (other, *theirs):
                arn = self._arn("sts", account, f"assumed-role/{role}/{session}")
                role_arn = self._arn("iam", account, "role/" + path)
                yield Principal(arn, role_arn=role_arn)
                for provider in self._names.providers:
                    yield Principal(arn, role_arn=role_arn, federated_provider=provider)

    def _federated(self, account: str) -> Iterator[Principal]:
        names = plain([_equal(caller.name) for caller in self._named if caller.kind == "User"])
        usual = [path.rpartition("/")[2] for path in self._usual_paths if path.startswith(("user/", "federated-user/"))]
        for name in self._paths("federated-user/", account, [names], usual, nested=False):
            yield Principal(self._arn("sts", account, "federated-user/" + name))

    def _paths(
        self, kind: str, account: str, names: Sequence[Part], usual: Iterable[str], nested: bool = True
    ) -> Iterator[str]:
        """Names, with a path before them where that matters. `names` see what stands after the last slash alone."""
        service = "sts" if kind == "federated-user/" else "iam"
        whole = Reading(self._arn_parts(self._arn(service, account, kind)))
        last = Reading(names)
        seen: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()
        for text in ("anyone", *usual):
            name = text.rpartition("/")[2]
            if not name or not all(one in _IN_NAMES + "/" for one in text) or (name != text and not nested):
                continue
            fits = whole.fits(whole.run(whole.start, text)), last.fits(last.run(last.start, name))
            if fits not in seen:
                seen.add(fits)
                yield text
        start = (whole.start, last.start, False)
        states = {start}
        waiting = deque([(start, "")])
        while waiting:
            (arn, name_state, begun), text = waiting.popleft()
            self._budget.spend(1, _CONSTRUCT)
            if begun and (fits := (whole.fits(arn), last.fits(name_state))) not in seen:
                seen.add(fits)
                yield text
            awaited = whole.awaited(arn) | last.awaited(name_state)
            for character in next_characters(awaited - {"/"}, _IN_NAMES):
                following = (whole.step(arn, character), last.step(name_state, character), True)
                if following not in states:
                    states.add(following)
                    waiting.append((following, text + character))
            if nested and begun:
                following = (whole.step(arn, "/"), last.start, False)
                if following not in states:
                    states.add(following)
                    waiting.append((following, text + "/"))

    def _all_services(self) -> Iterator[str]:
        """Named services, and others as AWS names them: a label or more before amazonaws.com."""
        tests = TextTests(self._services)
        part = Part(tests, tests.start, ".amazonaws.com")
        usual = [*self._names.services, *(name + ".amazonaws.com" for name in _SERVICES)]
        seen = set()
        for name in usual:
            fits = tests.fits(tests.run(tests.start, name))
            if fits not in seen and _can_be_service(name):
                seen.add(fits)
                yield name
        for text in example_texts([part], (), self._budget, "the wildcards on aws:PrincipalServiceName", _IN_SERVICES):
            name = text + ".amazonaws.com"
            fits = tests.fits(tests.run(tests.start, name))
            if fits not in seen and _can_be_service(name):
                seen.add(fits)
                yield name


_IN_SERVICES = ascii_lowercase + digits + "-."


def _can_be_service(name: str) -> bool:
    try:
        return Principal(name).kind == "Service"
    except PolicyError:
        return False


def _session(number: int) -> str:
    return f"session-{number}" if number else "session"


def _equal(text: str) -> TextTest:
    return TextTest("equals", ("", text, ""))


_NOTHING: Context = {}


def _tests(atoms: Sequence[Atom], key: str) -> list[TextTest]:
    """The patterns on a key that follows from the caller."""
    return [
        *(test for atom in atoms if atom.key == key for test in text_tests(atom, _NOTHING)),
        *open_tests(key, atoms, _NOTHING),
    ]
