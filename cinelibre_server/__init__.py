"""CineLibre: self-hosted recommendations and semantic search for Indian cinema and books."""

__version__ = "0.1.0"
