"""How the allocator of Polars gives back memory: told before Polars is loaded, by its environment.

Left to itself it keeps what a large batch took: pages marked as free that count as this process's until the machine
runs short. A gateway has other programs, and a person who looks at its memory should see what is in use.
"""

import os
from typing import Final

GIVING_BACK: Final = "background_thread:true,dirty_decay_ms:300,muzzy_decay_ms:0"
"""jemalloc: a thread of its own returns what has been free for 0.3 s, and returns it for good."""


def give_back_memory() -> None:
    """Have this process, and those that it starts, give back memory; what a person has set stays."""
    os.environ.setdefault("_RJEM_MALLOC_CONF", GIVING_BACK)
