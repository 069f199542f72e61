"""Data and networks from elsewhere: tables, arrays, scikit-learn, PyTorch, Keras. Nothing is unpickled."""

from lib.adapters.stored import read_layers, read_predictions, write_network
from lib.adapters.table import Table, read_table
from lib.adapters.weights import Layers, from_keras, from_layers, from_sklearn, from_state_dict

__all__ = [
    "Layers",
    "Table",
    "from_keras",
    "from_layers",
    "from_sklearn",
    "from_state_dict",
    "read_layers",
    "read_predictions",
    "read_table",
    "write_network",
]
