"""Work in pieces on all cores, the results in order and few at a time."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Of linear algebra, loaded now: a search of 2 ms, repeated when more modules have been imported."""
    return ThreadpoolController()


def one_thread() -> AbstractContextManager:
    """Within it, a product of matrices uses one thread."""
    return _libraries(len(sys.modules)).limit(limits=1)


def in_order(function: Callable[..., Result], jobs: Iterable[tuple]) -> Iterator[Result]:
    """function(*job) for every job, in the order of the jobs; at most two results a core wait to be taken.

    For functions that spend their time in NumPy, which lets other threads run. Until the last result is taken, products
    of matrices use one thread each: those of a piece are too small to be shared.
    """
    waiting: deque[Future[Result]] = deque()
    with one_thread(), ThreadPoolExecutor(cores()) as pool:
        try:
            for job in jobs:
                waiting.append(pool.submit(function, *job))
                if len(waiting) >= 2 * cores():
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
