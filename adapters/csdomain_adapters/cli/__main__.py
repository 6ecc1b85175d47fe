"""``python -m csdomain_adapters.cli``."""

from . import main

main()
