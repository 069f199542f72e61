"""Data and networks from elsewhere: CSV tables, arrays, scikit-learn, PyTorch's state_dict. Nothing is unpickled."""

from lib.adapters.table import Table, read_table
from lib.adapters.weights import from_layers, from_sklearn, from_state_dict, read_network

__all__ = ["Table", "from_layers", "from_sklearn", "from_state_dict", "read_network", "read_table"]
