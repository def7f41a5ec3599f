"""What a connection read into does not stay in the heap when the connection has gone."""

import subprocess
import sys

_MAPPED = """
import ctypes
from callboard.app.allocator import LARGE, keep_large_blocks_apart

class Figures(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
        ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Figures
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
{settle}
for _ in range(3):
    blocks = [libc.malloc(LARGE) for _ in range(8)]
    mapped = libc.mallinfo2().hblks
    for block in blocks:
        libc.free(block)
    print(mapped - libc.mallinfo2().hblks)
"""


def _mapped(settle: str) -> list[int]:
    """Blocks mapped by themselves and given back, of eight, three times over."""
    ran = subprocess.run(
        [sys.executable, "-c", _MAPPED.format(settle=settle)], capture_output=True, check=True, text=True
    )
    return [int(line) for line in ran.stdout.split()]


def test_a_large_block_is_mapped_by_itself_also_after_the_first_was_given_back() -> None:
    assert _mapped("assert keep_large_blocks_apart()") == [8, 8, 8]


def test_the_c_library_alone_would_keep_them_in_the_heap() -> None:
    assert _mapped("")[1:] == [0, 0]
