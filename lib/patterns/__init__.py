"""Activation patterns: the cells of the arrangement {h : x_n'h = 0}, listed, streamed, sampled and counted."""

from lib.patterns.counting import count, cover, rank
from lib.patterns.listing import Cells, cells, sample, stream

__all__ = ["Cells", "cells", "count", "cover", "rank", "sample", "stream"]
