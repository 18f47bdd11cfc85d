"""Brings data in: importers of rating histories, the starter catalogue, and the embeddings of both."""
