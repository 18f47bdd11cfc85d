"""The embedding model for commands that embed many texts."""

import os
from typing import TYPE_CHECKING

from cinelibre_server.config import load_settings

# `cinelibre --help` should not load the model's runtime.
if TYPE_CHECKING:
    from cinelibre_server.embedding.runtime import Embedder


def load_embedder() -> "Embedder":
    """The configured model on all cores, without a query cache; the caller closes it."""
    from cinelibre_server.embedding.model import ensure_model
    from cinelibre_server.embedding.runtime import Embedder

    settings = load_settings(environment="local")
    files = ensure_model(settings.cache_dir, model=settings.model, model_dir=settings.model_dir)
    return Embedder(files, threads=os.cpu_count() or 1, cache_size=0)
