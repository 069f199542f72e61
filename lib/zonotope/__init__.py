"""The dual constraint as the Hausdorff distance of two zonotopes: projections, maximisers, bounds."""

from lib.zonotope.ascent import Columns, violators
from lib.zonotope.hausdorff import Maximiser, hausdorff
from lib.zonotope.projection import Projection, project
from lib.zonotope.support import growth

__all__ = ["Columns", "Maximiser", "Projection", "growth", "hausdorff", "project", "violators"]
