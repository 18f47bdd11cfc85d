"""Imports films and books from CSV and JSON lines."""
