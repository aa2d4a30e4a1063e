"""When Python looks for garbage in circles: not while a command loads what it needs, nor once it has ended.

What is loaded, 70,000 objects, stays until the end. To look it through again and again is a tenth of the CPU time of
a short command, and to free it piece by piece at the end a fifth. Other garbage is freed at once, as ever.
"""

import atexit
import gc

_WHILE_LOADING = 200_000
"""New objects until the next look; more than any command loads. One that never says it begins still has some end."""
AT_WORK = 20_000
"""New objects between two looks, where Python's own default is 700: a batch alone is thousands of rows, which hold no
circles and are soon gone, and looking them through took a tenth of a pass."""


def put_off_garbage_collection() -> None:
    """Before anything is loaded."""
    gc.set_threshold(_WHILE_LOADING)
    atexit.register(gc.freeze)  # the system takes back all memory at once


def begin_garbage_collection() -> None:
    """From here on a command may work for long. What is loaded by now is not looked through again."""
    gc.freeze()
    gc.set_threshold(AT_WORK)
