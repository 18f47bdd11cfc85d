"""Imports a person's own ratings from what other services let them download."""
