"""Secrets: password hashes, access tokens, refresh tokens and the key that signs them."""
