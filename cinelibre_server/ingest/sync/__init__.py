"""Keeps the catalogue fresh from upstream sources: one file a source, behind the interface of source.py."""
