"""Offline evaluation of search on a catalogue and queries whose right items are known."""
