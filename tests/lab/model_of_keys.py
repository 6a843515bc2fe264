"""What should be true of keys in two Regions, as a few dataclasses: the model that test_lab_life_of_a_key.py holds the
lab against. It asks the lab nothing.

States are words, material goes by number, time is in seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

DAY = 86400
REGIONS = ("us-east-1", "eu-west-1")
GRANT_DELAY = 300
QUIET = 1200
"""No on-demand rotation so shortly before an automatic one."""

REFUSALS = {
    "Enabled": None,
    "Disabled": "DisabledException",
    "PendingDeletion": "KMSInvalidStateException",
    "PendingReplicaDeletion": "KMSInvalidStateException",
    "PendingImport": "KMSInvalidStateException",
    "gone": "NotFoundException",
}
"""What a key in this state answers to whoever wants to use it."""


@dataclass(eq=False)
class GrantModel:
    id: str
    token: str
    operations: frozenset[str]
    since: int


@dataclass(eq=False)
class Member:
    """A key in one Region. `has` and `ends` tell of imported material, by number: what is there, and until when."""

    arn: str
    region: str
    state: str
    has: set[int] = field(default_factory=set)
    ends: dict[int, int] = field(default_factory=dict)
    deleted_at: int | None = None
    window: int | None = None
    grants: dict[str, GrantModel] = field(default_factory=dict)

    @property
    def refusal(self) -> str | None:
        return REFUSALS[self.state]

    @property
    def is_doomed(self) -> bool:
        return self.state in ("PendingDeletion", "PendingReplicaDeletion", "gone")

    def let_in(self, operation: str, now: int, token: str | None = None) -> bool:
        """Whether a principal that has nothing but its grants may."""
        return any(
            operation in grant.operations and (grant.since + GRANT_DELAY <= now or grant.token == token)
            for grant in self.grants.values()
        )


@dataclass(eq=False)
class FamilyModel:
    """Related keys: `materials` are the numbers of those in use, the current one last; `secrets` the imported bytes."""

    imported: bool
    multi_region: bool
    primary: Member
    members: dict[str, Member]
    materials: list[int] = field(default_factory=list)
    pending: int | None = None
    secrets: list[bytes] = field(default_factory=list)
    period: int | None = None
    next_rotation: int | None = None
    last_rotation: int | None = None
    rotations: int = 0
    on_demand: int = 0

    def is_complete(self, member: Member) -> bool:
        return not self.imported or (bool(self.materials) and set(self.materials) <= member.has)

    def rotate(self, at: int) -> None:
        self.materials.append(self.pending if self.pending is not None else len(self.materials))
        self.pending, self.last_rotation = None, at
        self.rotations += 1

    def lose(self, member: Member, number: int) -> None:
        """Imported material is deleted or expires."""
        if number == self.pending and member is self.primary:
            self.pending = None
            for one in self.members.values():
                one.has.discard(number)
                one.ends.pop(number, None)
            return
        member.has.discard(number)
        member.ends.pop(number, None)
        if number != self.pending and member.state in ("Enabled", "Disabled"):
            member.state = "PendingImport"

    def bury(self, member: Member) -> None:
        del self.members[member.region]
        died, member.deleted_at, member.state = member.deleted_at, None, "gone"
        if self.primary.window is not None and len(self.members) == 1:
            assert died is not None
            self.primary.state, self.primary.deleted_at = "PendingDeletion", died + self.primary.window * DAY
            self.primary.window = None

    def rotate_on_schedule(self, at: int) -> None:
        assert self.period is not None
        self.rotate(at)
        self.next_rotation = at + self.period

    def enabled_again(self, now: int) -> None:
        """A missed rotation happens now, unless the material is newer than a period."""
        if self.next_rotation is None or self.next_rotation > now:
            return
        assert self.period is not None
        if self.last_rotation is not None and now - self.last_rotation < self.period:
            while self.next_rotation <= now:
                self.next_rotation += self.period
        else:
            self.rotate_on_schedule(now)

    def pass_time(self, now: int) -> None:
        while due := [event for event in self._events() if event[0] <= now]:
            at, happen = min(due, key=lambda event: event[0])
            happen(at)

    def _events(self) -> list[tuple[int, Callable[[int], None]]]:
        events: list[tuple[int, Callable[[int], None]]] = []
        for member in self.members.values():
            if member.deleted_at is not None:
                events.append((member.deleted_at, lambda at, member=member: self.bury(member)))
            for number, end in member.ends.items():
                if number in self.materials:
                    events.append((end, lambda at, member=member, number=number: self.lose(member, number)))
        if self.next_rotation is not None and self.primary.state == "Enabled":
            events.append((self.next_rotation, self.rotate_on_schedule))
        return events


@dataclass(frozen=True, eq=False)
class Sealed:
    family: FamilyModel
    blob: bytes
    plaintext: bytes
    context: dict[str, str]
