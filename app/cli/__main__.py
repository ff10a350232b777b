"""`python -m app.cli`: the same as `feedback`, wherever the package is importable."""

from app.cli import main

main()
