"""Gives the catalogue and the ratings back as files."""
