"""Text embeddings: one runtime (fastembed), one default model, built once from weights on this machine."""

import os

# ONNX Runtime, from 1.29 on, reports to its maker unless told not to before it is imported. What runs here stays here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
