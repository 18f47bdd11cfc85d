"""How good recommendations and search are, measured offline on public data (`make evaluate`)."""
