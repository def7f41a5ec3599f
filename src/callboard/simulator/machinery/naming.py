"""Names and hashes a cluster makes up: uids, generated suffixes, pod-template hashes. All from one seeded source."""

import random
import zlib

from callboard.simulator.machinery.tree import Tree, encode

__all__ = ["Naming", "template_hash"]

_SAFE = "bcdfghjklmnpqrstvwxz2456789"


class Naming:
    """The cluster's dice. The same seed gives the same names in the same order."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def uid(self) -> str:
        bits = self.random.getrandbits(128) & ~(0xF << 76) | (4 << 76)
        text = f"{bits & ~(0x3 << 62) | (0x2 << 62):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def suffix(self, length: int = 5) -> str:
        return "".join(self.random.choice(_SAFE) for _ in range(length))

    def hex(self, length: int) -> str:
        return f"{self.random.getrandbits(length * 4):0{length}x}"


def template_hash(template: Tree, collisions: int = 0) -> str:
    """A `pod-template-hash`: digits of a 32-bit hash in the alphabet that spells no words."""
    digits = str(zlib.crc32(encode([template, collisions])))
    return "".join(_SAFE[(ord(digit) + place) % len(_SAFE)] for place, digit in enumerate(digits))
