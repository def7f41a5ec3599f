"""What containers write: made from the seed, the run's start and the behaviour, line by line, only when somebody reads."""

import hashlib

import msgspec

from callboard.simulator.controllers import logtexts
from callboard.simulator.controllers.behaviour import Behaviour
from callboard.simulator.serving.podlogs import WrittenLine

__all__ = ["ContainerRun"]

KEPT = 2000
"""Lines a kubelet keeps of one run (log rotation)."""


class ContainerRun(msgspec.Struct):
    """One run of one container: from `started` until `ended_at` (None while it runs)."""

    name: str
    seed: str
    behaviour: Behaviour
    started: float
    image: str
    pod: str
    ended_at: float | None = None
    exit_code: int = 0

    def ended(self, now: float) -> bool:
        return self.ended_at is not None and self.ended_at <= now

    def lines(self, until: float, since: float = float("-inf")) -> list[WrittenLine]:
        """Everything written until then and still kept; of it what was written after `since`."""
        end = until if self.ended_at is None else min(until, self.ended_at)
        dice = int.from_bytes(hashlib.sha256(self.seed.encode()).digest()[:6], "big")
        script = logtexts.SCRIPTS.get(self.behaviour.log, logtexts.SCRIPTS["web"])
        found: list[WrittenLine] = []
        time = self.started + 0.05
        for text in script.start:
            time += 0.03 + (dice % 97) / 1000
            if time > end:
                return [line for line in found if line.time > since]
            found.append(
                WrittenLine(time, logtexts.fill(text, self.name, self.image, self.pod, dice, 0, time))
            )
        if script.steady:
            period = script.period * (0.8 + (dice % 41) / 100)
            last = int((end - time) / period)
            first = int((since - time) / period) if since > time else 0
            for index in range(max(0, last - KEPT, first - 1), last):
                roll = (dice ^ (index * 2_654_435_761)) & 0xFFFFFFFF
                moment = time + (index + 1) * period
                text = script.steady[roll % len(script.steady)]
                found.append(
                    WrittenLine(
                        moment, logtexts.fill(text, self.name, self.image, self.pod, roll, index, moment)
                    )
                )
        if self.ended_at is not None and self.ended_at <= until:
            ending = self.behaviour.crash_log.splitlines() if self.exit_code else list(script.end)
            for position, text in enumerate(ending):
                moment = max(self.started, self.ended_at - 0.01 + position * 0.0001)
                found.append(
                    WrittenLine(
                        moment, logtexts.fill(text, self.name, self.image, self.pod, dice, position, moment)
                    )
                )
        return [line for line in found[-KEPT:] if line.time > since]
