"""Speed and memory of the running product, against an empty server on the same machine (`make bench`)."""
