"""One file for each service of the contract: proto in, proto out; no SQL."""
