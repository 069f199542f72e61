"""Figures that the reader drives on a plain page, without a kernel: each a function from arrays to a `Player`."""

from lib.players.chart import bracket
from lib.players.plane import arrangement, zonotopes, zonotopes_along
from lib.players.player import Player, bundle

__all__ = ["Player", "arrangement", "bracket", "bundle", "zonotopes", "zonotopes_along"]
