"""The convex geometry of two-layer ReLU networks, made computable.

One module, one noun; imports go down this list only: `data`, `losses`, `network`, `bounds`, `patterns`, `zonotope`,
`closed_form`, `program`, `kkt`, `flow`, `certificate`, `report`, `sweep`, `verify`. Drawings are in `figures`.
"""

__version__ = "0.1.0"
