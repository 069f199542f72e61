"""`python -m lib`: see `python -m lib certify --help`."""

import sys

from lib.cli import main

sys.exit(main())
