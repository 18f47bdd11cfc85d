"""`python -m cinelibre_server` is the `cinelibre` command."""

from cinelibre_server.cli import main

main()
