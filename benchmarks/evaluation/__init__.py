"""How good search is, measured offline on public data (`make evaluate ARGS=--search`)."""
