"""Turns the 4-bit weights into a model folder that fastembed loads.

Tensors lie in an external-data file beside the graph, which the runtime maps into memory instead of copying it.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from cinelibre_server.embedding.calibration import CALIBRATION_TEXTS, LayerInputs, calibrate
from cinelibre_server.embedding.e5_weights import E5Weights, read_weights
from cinelibre_server.embedding.encoder_graph import EncoderGraph
from cinelibre_server.embedding.unigram import UnigramSettings, UnigramTokenizer, write_unigram
from cinelibre_server.embedding.vocabulary import kept_piece_ids, replacements, special_ids, tokenizer_spec
from cinelibre_server.errors import StartupError

_MODEL_FILE = "model.onnx"
_DATA_FILE = "model.onnx.data"
_EXTERNAL_FROM_BYTES = 1024


def export_e5(weights_path: Path, folder: Path, report: Callable[[float], None]) -> None:
    """Writes the model folder into the existing, empty `folder`; `report` gets the done fraction, 0 to 1.

    Raises StartupError when the weights cannot be used.
    """
    weights = read_weights(weights_path)
    report(0.1)
    kept = kept_piece_ids(weights.tokenizer)
    report(0.2)
    tokenizer = _write_tokenizer(weights, kept, folder)
    report(0.4)
    graph = EncoderGraph(weights)
    graph.encode(kept, _calibrate(weights, kept, tokenizer))
    report(0.9)
    onnx.save_model(
        graph.model(),
        folder / _MODEL_FILE,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=_DATA_FILE,
        size_threshold=_EXTERNAL_FROM_BYTES,
    )
    # onnx makes the data file private to its user, but a server may run as another than the one who built it.
    (folder / _DATA_FILE).chmod((folder / _MODEL_FILE).stat().st_mode)
    report(1.0)


def _calibrate(weights: E5Weights, kept: NDArray[np.int64], tokenizer: UnigramTokenizer) -> Iterator[LayerInputs]:
    texts = [tokenizer.encode_batch([text])[0].ids for text in CALIBRATION_TEXTS]
    return calibrate(weights, [kept[ids] for ids in texts])


def _write_tokenizer(weights: E5Weights, kept: NDArray[np.int64], folder: Path) -> UnigramTokenizer:
    shape, tokenizer = weights.shape, weights.tokenizer
    bos_id, eos_id, pad_id, unk_id = special_ids(tokenizer)
    pieces = [tokenizer.pieces[piece_id] for piece_id in kept.tolist()]
    settings = UnigramSettings(bos_id, eos_id, pad_id, unk_id, shape.positions, replacements(tokenizer))
    write_unigram(folder, settings, pieces, tokenizer.scores[kept])
    bos, eos, pad, unk = (pieces[i] for i in (bos_id, eos_id, pad_id, unk_id))
    documents: dict[str, dict[str, Any]] = {
        "tokenizer.json": tokenizer_spec(tokenizer, kept, shape.positions),
        "tokenizer_config.json": {
            "model_max_length": shape.positions,
            "pad_token": pad,
            "tokenizer_class": "PreTrainedTokenizerFast",
        },
        "special_tokens_map.json": {"bos_token": bos, "eos_token": eos, "pad_token": pad, "unk_token": unk},
        "config.json": {
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "max_position_embeddings": shape.positions,
            "vocab_size": len(kept),
            "pad_token_id": tokenizer.pad_id,
        },
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return UnigramTokenizer(settings, pieces, tokenizer.scores[kept])


def _main() -> None:
    """Run as `python -m … WEIGHTS FOLDER`: prints the done fraction, a line each time."""
    weights_path, folder = map(Path, sys.argv[1:])
    try:
        export_e5(weights_path, folder, lambda fraction: print(fraction, flush=True))
    except StartupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _main()
