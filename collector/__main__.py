"""The command `parkline` as `python -m collector`: how the supervisor starts its roles."""

import sys

from collector.cli import main

sys.exit(main())
