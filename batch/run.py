"""The loop of a batch: pictures to servers that are up, results into the folder, what a lost server had to others."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from .feed import Feed, Picture
from .journal import ForeignFile
from .results import Results
from .server import Outcome, shown
from .tally import Fate, Tally

POLL_SECONDS = 0.1
FIRST_BACK_OFF_SECONDS, LAST_BACK_OFF_SECONDS = 1.0, 60.0
MAX_TRIES = 5
"""A picture that failed so often for no fault of its own that is known of is not tried again."""
MAX_STRIKES = 5
"""A server that failed with so many different pictures in a row gets no other."""
Call = Literal["check", "detail"]


class NoServer(Exception):
    """No server is there for the pictures that are left."""


class Pool(Protocol):
    """What does the work: `threads.Threads`, or `cluster.Workers`."""

    def call(self, server: int, call: Call, token: Any, *arguments: Any) -> None:
        """Start a call on a server, by its number; `token` comes back with its outcome."""
        ...

    def wait(self, seconds: float) -> list[tuple[Any, Outcome]]:
        """The tokens and outcomes of calls that have ended, after `seconds` at most."""
        ...


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
    strikes: set[str] = field(default_factory=set)
    """Names of the pictures it failed with since it last gave a result."""

    @property
    def answered(self) -> bool:
        """Whether it is known why it is not up."""
        return self.out or self.failures > 0

    def back_off(self) -> None:
        """Leave it alone for a while, longer each time."""
        self.up = False
        self.check_at = time.monotonic() + min(
            FIRST_BACK_OFF_SECONDS * 2 ** min(self.failures, 16), LAST_BACK_OFF_SECONDS
        )
        self.failures += 1


@dataclass
class Batch:
    """One run. patience: seconds without any server until the run gives up, and says of each why.

    tell: gets a sentence for each failure and each server that comes or goes. advance: called once per picture.
    """

    feed: Feed
    results: Results
    tell: Callable[[str], object]
    advance: Callable[[Fate], object]
    per_server: int = 2
    patience: float = 600.0
    tally: Tally = field(default_factory=Tally)
    waiting: deque[Picture] = field(default_factory=deque)
    again: deque[Picture] = field(default_factory=deque)
    """What a server has failed with: behind all others, so that one picture cannot stop them."""

    def sort_until_waiting(self, seconds: float | None = None) -> bool:
        """Go through what needs no server until a picture waits for one, or for `seconds`; False when none is left."""
        while not self.waiting and not self.feed.empty:
            picture = self.feed.take(seconds)
            if picture is None:
                break
            self.sort(picture)
        if self.again and not self.waiting:
            self.waiting.append(self.again.popleft())
        return bool(self.waiting) or not self.feed.empty

    def sort(self, picture: Picture) -> None:
        """Close it without a server if that is possible."""
        try:
            known = None if picture.reason else self.results.known(picture)
            if known == "copied":
                self.results.copy(picture)
        except ForeignFile as error:
            picture.reason = str(error)
            known = None
        if picture.reason:
            self.fail(picture, picture.reason)
        elif known:
            self.close(picture, known)
        else:
            self.waiting.append(picture)

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
            elif time.monotonic() > last_up + self.patience and all(member.answered for member in members):
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
            if not self.sort_until_waiting(POLL_SECONDS) or not self.waiting:
                break
            member = min(free, key=lambda member: member.busy)
            picture = self.waiting.popleft()
            try:
                data = picture.read()
            except (OSError, ValueError) as error:
                self.fail(picture, str(error))
                continue
            member.busy += 1
            picture.sent = time.monotonic()
            pool.call(members.index(member), "detail", (member, picture), data)
        return bool(self.waiting or self.again) or not self.feed.empty

    def settle(self, member: Member, picture: Picture | None, outcome: Outcome) -> None:
        """Draw the consequences of an outcome for picture and server."""
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
                member.strikes.clear()
            case "unreachable" | "lost" | "broken":
                self.strike(member, picture, outcome.reason)
            case "refused" if not member.out:
                self.leave_out(member, outcome.reason)
            case "failed" if picture is None:
                self.leave_out(member, outcome.reason)

    def strike(self, member: Member, picture: Picture | None, reason: str) -> None:
        """Leave a server alone that failed: for a while, or for good when it fails whatever it gets."""
        member.strikes |= {picture.source.name} if picture else set()
        if len(member.strikes) >= MAX_STRIKES and not member.out:
            self.leave_out(member, f"{reason}. It failed with {MAX_STRIKES} different pictures in a row.")
        elif member.up or picture is None:
            if member.up or not member.failures:
                self.tell(f"{reason}. Its pictures go to others until it is back.")
            member.back_off()

    def leave_out(self, member: Member, reason: str) -> None:
        """Give a server nothing more."""
        self.tell(f"{reason} It is left out.")
        member.up, member.out = False, True

    def finish(self, picture: Picture, outcome: Outcome, url: str) -> None:
        """What becomes of a picture by its outcome."""
        match outcome.kind:
            case "done":
                self.keep(picture, outcome, shown(url))
            case "failed":
                self.fail(picture, outcome.reason)
            case "refused":
                self.waiting.appendleft(picture)
            case _:
                picture.tries += 1
                if picture.tries < MAX_TRIES:
                    self.again.append(picture)
                else:
                    self.fail(picture, f"It was given up after {MAX_TRIES} tries. {outcome.reason}.")

    def keep(self, picture: Picture, outcome: Outcome, server: str) -> None:
        """Write a result; a failure if its source is gone or the place is taken."""
        try:
            original = picture.read()
        except (OSError, ValueError) as error:
            return self.fail(picture, str(error))
        try:
            notes = self.results.write(picture, original, outcome, server)
        except ValueError as error:
            return self.fail(picture, str(error))
        self.tally.notes.update(notes)
        self.tally.detailed(server, time.monotonic() - picture.sent, outcome.reports)
        return self.close(picture, "detailed")

    def fail(self, picture: Picture, reason: str) -> None:
        """Note why a picture has no result, and go on."""
        self.results.fail(picture, reason)
        failure = f"{picture.source.place}: {reason}"
        self.tally.failures.append(failure)
        self.tell(failure)
        self.close(picture, "failed")

    def close(self, picture: Picture, fate: Fate) -> None:
        """A picture is through."""
        picture.drop()
        self.tally.fates[fate] += 1
        self.advance(fate)
