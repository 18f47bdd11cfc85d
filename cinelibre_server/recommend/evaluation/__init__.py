"""How good recommendations are, measured offline on any MovieLens data set (`cinelibre evaluate recommendations`)."""
