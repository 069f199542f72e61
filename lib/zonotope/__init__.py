"""The dual constraint as the Hausdorff distance of two zonotopes: projections, maximisers, critical directions."""

from lib.zonotope.ascent import Columns, violators
from lib.zonotope.distance import Maximiser, Search, hausdorff
from lib.zonotope.kinks import Clarke, clarke, on_kink
from lib.zonotope.maxima import Extremal, Maxima, extremal_directions, local_maxima
from lib.zonotope.projection import Projection, project
from lib.zonotope.support import growth

__all__ = [
    "Clarke",
    "Columns",
    "Extremal",
    "Maxima",
    "Maximiser",
    "Projection",
    "Search",
    "clarke",
    "extremal_directions",
    "growth",
    "hausdorff",
    "local_maxima",
    "on_kink",
    "project",
    "violators",
]
