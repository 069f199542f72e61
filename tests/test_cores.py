"""Pieces of work on all cores: the order of the results, errors, and how far ahead of the reader they run."""

import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from lib.cores import cores, in_order
from lib.patterns import cells
from lib.patterns.counting import rank_of
from lib.patterns.frame import framed
from lib.patterns.residues import lines
from lib.patterns.summits import halves, points


def test_results_come_in_the_order_of_the_jobs():
    # would catch results taken as they are finished: the first job is the slowest
    found = in_order(lambda k: time.sleep(0.02 * (k == 0)) or k, ((k,) for k in range(20)))
    assert list(found) == list(range(20))


def test_no_more_is_worked_ahead_than_two_results_a_core():
    # would catch a stream that is held in memory as a whole
    started = threading.Semaphore(0)
    found = in_order(lambda k: started.release() or k, ((k,) for k in range(1000)))
    next(found)
    time.sleep(0.05)
    assert sum(started.acquire(blocking=False) for _ in range(1000)) <= 2 * cores()
    found.close()


def test_an_error_reaches_the_reader_and_threads_of_blas_are_given_back():
    before = [pool["num_threads"] for pool in threadpool_info()]
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda k: 1 // k, ((k,) for k in (2, 1, 0, 1))))
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_cells_in_pieces_are_the_cells_in_one():
    # would catch a piece lost or doubled between levels: the same bases, one level at a time
    X = np.random.default_rng(0).standard_normal((60, 4))
    known = lines(X)
    frame = framed(known, rank_of(known.rows), np.random.default_rng(0))
    whole = [points(frame, level, 0, n) for level, n in enumerate((32_509, 1_711, 59, 1))]
    pieces = list(halves(frame))
    assert len(pieces) > len(whole)
    on = np.hstack([piece.on for piece in pieces])
    np.testing.assert_array_equal(on, np.hstack([found.on for found in whole]))
    assert 2 * on.shape[1] == len(cells(X))
