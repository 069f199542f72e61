"""`python -m lib`: the command `reluproof`, of the `lib` that Python finds first."""

import sys

from lib.cli import main

sys.exit(main())
