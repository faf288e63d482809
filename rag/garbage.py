"""When Python looks for objects that only hold each other, in a process that answers many questions."""

import gc

MADE = 20_000
"""Objects made, and not gone again, until it looks among them; 700 by its default."""


def settle() -> None:
    """Have Python look for garbage less often, and not among what is there by now.

    A question leaves none. To look for it among all that is kept takes a twentieth of the time of questions, and 50 to
    130 ms of one in a hundred (of 85,447 passages).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(MADE, *gc.get_threshold()[1:])
