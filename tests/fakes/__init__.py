"""Local stand-ins for foreign services: real HTTP servers that page, throttle, fail and change their data."""
