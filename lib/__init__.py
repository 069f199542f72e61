"""The convex geometry of two-layer ReLU networks, made computable.

One module, one noun; imports go down this list only: `data`, `network`, `patterns`, `zonotope`,
`closed_form`, `program`, `kkt`, `flow`, `sweep`, `verify`. What the book draws is in the package `figures`.
"""

__version__ = "0.1.0"
