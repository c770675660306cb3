"""The loop of a batch: pictures to servers that are up, results into the folder, what a lost server had to others."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .feed import Feed, Picture
from .journal import ForeignFile, Journal
from .server import Outcome, shown

POLL_SECONDS = 0.1
FIRST_BACK_OFF_SECONDS, LAST_BACK_OFF_SECONDS = 1.0, 60.0
MAX_LOSSES = 5
"""A picture that so many servers did not survive is not tried on another one."""


class NoServer(Exception):
    """No server is there for the pictures that are left."""


class Pool(Protocol):
    """What does the work; `workers.Workers` is one."""

    def call(self, server: int, call: Any, token: Any, *arguments: Any) -> None: ...

    def wait(self, seconds: float) -> list[tuple[Any, Outcome]]: ...


@dataclass(eq=False)
class Member:
    """A server as this batch sees it: up, or due for a check at `check_at`, or out for good."""

    url: str
    up: bool = False
    out: bool = False
    checking: bool = False
    check_at: float = 0.0
    failures: int = 0
    """How often it was lost or unreachable since it last gave a result."""
    busy: int = 0

    def back_off(self) -> None:
        """Leave it alone for a while, longer each time."""
        self.up = False
        self.check_at = time.monotonic() + min(
            FIRST_BACK_OFF_SECONDS * 2 ** min(self.failures, 16), LAST_BACK_OFF_SECONDS
        )
        self.failures += 1


@dataclass
class Tally:
    """Pictures by what became of them; `left` were not come to."""

    detailed: int = 0
    skipped: int = 0
    copied: int = 0
    failed: int = 0
    left: int = 0

    def __str__(self) -> str:
        told = {name: count for name, count in vars(self).items() if count or name == "detailed"}
        return ", ".join(f"{count} {name}" for name, count in told.items())


@dataclass
class Batch:
    """One run. patience: seconds without any server until the run gives up.

    settings: digest of the workflow. suffixes: what its results' names end with.

    tell: gets a sentence for each failure and each server that comes or goes. advance: called once per picture.
    """

    feed: Feed
    journal: Journal
    settings: str
    suffixes: Sequence[str]
    tell: Callable[[str], object]
    advance: Callable[[], object]
    per_server: int = 2
    patience: float = 600.0
    tally: Tally = field(default_factory=Tally)
    waiting: deque[Picture] = field(default_factory=deque)

    def look(self, seconds: float | None = None) -> bool:
        """Go through what needs no server until a picture waits for one, or for `seconds`; False when none is left."""
        while not self.waiting and not self.feed.empty:
            picture = self.feed.take(seconds)
            if picture is None:
                return True
            if picture.reason is not None:
                self.fail(picture, picture.reason)
                continue
            try:
                self.sort(picture)
            except ForeignFile as error:
                self.fail(picture, str(error))
        return bool(self.waiting)

    def sort(self, picture: Picture) -> None:
        """Close it without a server if that is possible. ForeignFile if its result has no place."""
        name, key = picture.source.name, self.key(picture)
        if self.journal.has(name, key):
            return self.close(picture, "skipped")
        self.journal.keep_others(f"{name}.json", *(f"{name}{suffix}" for suffix in self.suffixes))
        if self.journal.copied(name, key, picture.source.place):
            return self.close(picture, "copied")
        return self.waiting.append(picture)

    def run(self, urls: Sequence[str], pool: Pool) -> None:
        """Until every picture is done or failed. NoServer when none is left to do the rest."""
        members = [Member(url) for url in urls]
        last_up = time.monotonic()
        while self.dispatch(members, pool) or any(member.busy for member in members):
            ended = pool.wait(POLL_SECONDS)
            for (member, picture), outcome in ended:
                self.settle(member, picture, outcome)
            if all(member.out for member in members):
                raise NoServer("No server is left that can do this workflow.")
            if any(member.up for member in members):
                last_up = time.monotonic()
            elif time.monotonic() > last_up + self.patience:
                raise NoServer(f"No server has answered for {self.patience:.0f} s. Start one and run this again.")
            if not ended and not any(member.busy or member.checking for member in members):
                time.sleep(POLL_SECONDS)

    def dispatch(self, members: list[Member], pool: Pool) -> bool:
        """Give the servers what they can take; whether pictures are left for them."""
        for index, member in enumerate(members):
            if not (member.up or member.out or member.checking) and time.monotonic() >= member.check_at:
                member.checking = True
                pool.call(index, "check", (member, None))
        while free := [member for member in members if member.up and member.busy < self.per_server]:
            if not self.look(POLL_SECONDS) or not self.waiting:
                break
            member = min(free, key=lambda member: member.busy)
            picture = self.waiting.popleft()
            try:
                data = picture.read()
            except (OSError, ValueError) as error:
                self.fail(picture, str(error))
                continue
            member.busy += 1
            pool.call(members.index(member), "detail", (member, picture), data)
        return bool(self.waiting) or not self.feed.empty

    def settle(self, member: Member, picture: Picture | None, outcome: Outcome) -> None:
        if picture is None:
            member.checking = False
        else:
            member.busy -= 1
            self.finish(picture, outcome, member.url)
        match outcome.kind:
            case "ready":
                member.up = True
                if member.failures:
                    self.tell(f"{shown(member.url)} is there again.")
            case "done":
                member.failures = 0
            case "unreachable" | "lost" if member.up or picture is None:
                if member.up or not member.failures:
                    self.tell(f"{outcome.reason}. Its pictures go to others until it is back.")
                member.back_off()
            case "refused" if not member.out:
                self.leave_out(member, outcome.reason)
            case "failed" if picture is None:
                self.leave_out(member, outcome.reason)

    def leave_out(self, member: Member, reason: str) -> None:
        self.tell(f"{reason} It is left out.")
        member.up, member.out = False, True

    def finish(self, picture: Picture, outcome: Outcome, url: str) -> None:
        match outcome.kind:
            case "done":
                self.keep(picture, outcome, url)
            case "failed":
                self.fail(picture, outcome.reason)
            case "lost" if picture.losses + 1 >= MAX_LOSSES:
                self.fail(picture, f"{MAX_LOSSES} times a server was lost while it worked on this. {outcome.reason}.")
            case _:
                picture.losses += outcome.kind == "lost"
                self.waiting.appendleft(picture)

    def keep(self, picture: Picture, outcome: Outcome, url: str) -> None:
        about = {
            "source": picture.source.place,
            "sha256": picture.sha256,
            "settings": self.settings,
            "server": shown(url),
            "reports": outcome.reports,
        }
        try:
            self.journal.done(picture.source.name, self.key(picture), outcome.suffix, outcome.image, about)
        except ForeignFile as error:
            self.fail(picture, str(error))
        else:
            self.close(picture, "detailed")

    def fail(self, picture: Picture, reason: str) -> None:
        self.journal.failed(picture.source.name, self.key(picture), reason)
        self.tell(f"{picture.source.place}: {reason}")
        self.close(picture, "failed")

    def close(self, picture: Picture, fate: str) -> None:
        picture.drop()
        setattr(self.tally, fate, getattr(self.tally, fate) + 1)
        self.advance()

    def key(self, picture: Picture) -> str:
        return f"{picture.sha256} {self.settings}"
