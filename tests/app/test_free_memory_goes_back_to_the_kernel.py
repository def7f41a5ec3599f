"""What connections read into does not stay resident when they have gone, also where something small stands behind it."""

import subprocess
import sys

_RESIDENT = """
import ctypes
from callboard.app.allocator import give_back

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def resident():
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1])

libc.free(libc.malloc(1 << 20))  # the threshold rises: blocks come from the heap now
blocks = []
for _ in range(100):
    blocks.append(libc.malloc(1 << 18))
    ctypes.memset(blocks[-1], 1, 1 << 18)
    libc.malloc(8000)  # from the heap and not from what Python left in it
for block in blocks:
    libc.free(block)
before = resident()
assert {gives_back}
print(before - resident())
"""

_HELD = 100 * (1 << 18) // 4096
"""Pages."""


def _given_back(gives_back: str) -> int:
    """Pages that were resident and are not any more."""
    program = _RESIDENT.format(gives_back=gives_back)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    return int(ran.stdout)


def test_what_is_free_in_the_middle_of_the_heap_goes_back_to_the_kernel() -> None:
    assert _given_back("give_back()") > _HELD * 0.9


def test_the_c_library_alone_would_keep_it() -> None:
    assert _given_back("True") < _HELD * 0.1
