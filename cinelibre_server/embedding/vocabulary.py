"""Which of the model's 250,002 pieces are kept, and the tokenizer files made of them.

A piece that holds a character of a script we do not serve can never match text in the scripts that we do, so
leaving such pieces out changes no token of that text. It halves the embedding table and the tokenizer. Lone
characters of every script stay, so that other text still says something, letter by letter.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.embedding.e5_weights import E5Tokenizer
from cinelibre_server.embedding.unigram import WORD_START

_KEPT_RANGES = (
    (0x0000, 0x00FF),  # ASCII and Western Latin
    (0x0300, 0x036F),  # combining marks
    (0x0600, 0x06FF),  # Arabic, for Urdu
    (0x0750, 0x077F),  # Arabic supplement
    (0x0900, 0x0D7F),  # Devanagari to Malayalam: these blocks lie side by side
    (0x1CD0, 0x1CFF),  # Vedic extensions
    (0x2000, 0x2BFF),  # punctuation, currency signs, symbols
    (0xA8E0, 0xA8FF),  # Devanagari extended
    (0x1F000, 0x1FAFF),  # emoji
)


def kept_piece_ids(tokenizer: E5Tokenizer) -> NDArray[np.int64]:
    """Ids, ascending, of the pieces to keep: int64[kept]. The four special pieces stay 0 to 3."""
    return np.array([i for i, piece in enumerate(tokenizer.pieces) if _is_kept(piece)], dtype=np.int64)


def tokenizer_spec(tokenizer: E5Tokenizer, kept: NDArray[np.int64], max_tokens: int) -> dict[str, Any]:
    """The content of `tokenizer.json` over the kept pieces; a piece's id is its position in `kept`."""
    pieces = [tokenizer.pieces[piece_id] for piece_id in kept.tolist()]
    bos, eos, pad, _unk = (pieces[i] for i in special_ids(tokenizer))
    metaspace = {"type": "Metaspace", "replacement": WORD_START, "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0",
        "truncation": {
            "direction": "Right",
            "max_length": max_tokens,
            "strategy": "LongestFirst",
            "stride": 0,
        },
        "padding": {
            "strategy": "BatchLongest",
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": tokenizer.pad_id,
            "pad_type_id": 0,
            "pad_token": pad,
        },
        "added_tokens": [_added_token(pieces, i) for i in sorted(special_ids(tokenizer))],
        "normalizer": {"type": "Sequence", "normalizers": _normalizers(tokenizer)},
        "pre_tokenizer": metaspace,
        "post_processor": _template(bos, eos, tokenizer),
        "decoder": metaspace,
        "model": {
            "type": "Unigram",
            "unk_id": tokenizer.unk_id,
            "byte_fallback": False,
            "vocab": list(zip(pieces, tokenizer.scores[kept].tolist(), strict=True)),
        },
    }


def special_ids(tokenizer: E5Tokenizer) -> tuple[int, int, int, int]:
    """Ids of `<s>`, `</s>`, `<pad>` and `<unk>`."""
    return tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id, tokenizer.unk_id


def replacements(tokenizer: E5Tokenizer) -> dict[str, str]:
    """Where SentencePiece's nmt_nfkc rules differ from NFKC: control characters and unusual spaces."""
    return {
        source: target
        for source, target in tokenizer.normalization.items()
        if unicodedata.normalize("NFKC", source) != target
    }


def _is_kept(piece: str) -> bool:
    letters = piece.lstrip(WORD_START)
    return len(letters) <= 1 or all(any(low <= ord(letter) <= high for low, high in _KEPT_RANGES) for letter in letters)


def _normalizers(tokenizer: E5Tokenizer) -> list[dict[str, Any]]:
    sources_of: dict[str, list[str]] = {}
    for source, target in replacements(tokenizer).items():
        sources_of.setdefault(target, []).append(source)
    return [
        *(_replace(_character_class(sources), target) for target, sources in sorted(sources_of.items())),
        {"type": "NFKC"},
        _replace(r"\A +| +\z", ""),
        _replace(" {2,}", " "),
    ]


def _character_class(characters: Sequence[str]) -> str:
    return "[" + "".join(rf"\x{{{ord(character):x}}}" for character in characters) + "]"


def _replace(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def _added_token(pieces: Sequence[str], token_id: int) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": token_id, "content": pieces[token_id], "special": True, **flags}


def _template(bos: str, eos: str, tokenizer: E5Tokenizer) -> dict[str, Any]:
    def special(text: str) -> dict[str, Any]:
        return {"SpecialToken": {"id": text, "type_id": 0}}

    def sequence(name: str) -> dict[str, Any]:
        return {"Sequence": {"id": name, "type_id": 0}}

    return {
        "type": "TemplateProcessing",
        "single": [special(bos), sequence("A"), special(eos)],
        "pair": [special(bos), sequence("A"), special(eos), special(eos), sequence("B"), special(eos)],
        "special_tokens": {
            bos: {"id": bos, "ids": [tokenizer.bos_id], "tokens": [bos]},
            eos: {"id": eos, "ids": [tokenizer.eos_id], "tokens": [eos]},
        },
    }
