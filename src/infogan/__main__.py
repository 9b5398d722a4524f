"""`python -m infogan` is the command `infogan`."""

from infogan.cli import main

main()
