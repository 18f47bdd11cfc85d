"""Everything `cinelibre up` runs on one machine: embedded PostgreSQL, Envoy and their supervisor."""
