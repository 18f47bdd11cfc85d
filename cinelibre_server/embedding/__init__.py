"""Text embeddings: one runtime (fastembed), one default model, built once from weights on this machine."""
