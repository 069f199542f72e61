"""The convex geometry of two-layer ReLU networks, made computable.

One module, one noun; each imports only those before it in this list: `results`, `cores`, `data`, `losses`, `network`,
`bounds`, `adapters`, `patterns`, `zonotope`, `closed_form`, `program`, `kkt`, `flow`, `checker`, `certificate`,
`report`, `cli`, `sweep`, `verify`. Drawings are in `figures`.
"""

__version__ = "0.1.0"
