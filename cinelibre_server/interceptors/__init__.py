"""What every RPC passes through: one concern a file, their order in chain.py."""
