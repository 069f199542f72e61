"""Figures that the reader drives on a plain page, without a kernel: each a function from arrays to a `Player`."""

from figures.players.certificates import forgery
from figures.players.chart import bracket
from figures.players.directions import basins, basins_on_sphere, flow, wedges
from figures.players.dual import dial, ellipsoid, recovery
from figures.players.games import laboratory, landscapes, missing, presses, prove
from figures.players.plane import arrangement, zonotopes, zonotopes_along
from figures.players.player import Player, bundle
from figures.players.training import clock, mirror, programs, race, teacher, theorems
from figures.players.works import beam, price, virtual_points, whitening

__all__ = [
    "Player",
    "arrangement",
    "basins",
    "basins_on_sphere",
    "beam",
    "bracket",
    "bundle",
    "clock",
    "dial",
    "ellipsoid",
    "flow",
    "forgery",
    "laboratory",
    "landscapes",
    "mirror",
    "missing",
    "presses",
    "price",
    "programs",
    "prove",
    "race",
    "recovery",
    "teacher",
    "theorems",
    "virtual_points",
    "wedges",
    "whitening",
    "zonotopes",
    "zonotopes_along",
]
