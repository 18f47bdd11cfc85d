"""How ratings are parted into what is known and what is to be found out, one way a file."""
