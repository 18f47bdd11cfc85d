"""The database: named SQL in, frozen dataclasses out."""
