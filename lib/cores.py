"""Work in pieces on all cores, the results in order and few at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def in_order(function: Callable[..., Result], jobs: Iterable[tuple]) -> Iterator[Result]:
    """function(*job) for every job, in the order of the jobs; at most two results a core wait to be taken.

    For functions that spend their time in NumPy, which lets other threads run. Until the last result is taken, products
    of matrices use one thread each: those of a piece are too small to be shared.
    """
    waiting: deque[Future[Result]] = deque()
    with _blas().limit(limits=1, user_api="blas"), ThreadPoolExecutor(cores()) as pool:
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
