"""A compact unigram tokenizer: the tokens of the `tokenizers` package in a fifth of the memory.

That package's trie spends a hash table on every byte of every piece: 160 MB for this vocabulary, more than
the rest of the server. Here the best split of a word is found by the same Viterbi search (Kudo 2018,
arXiv:1804.10959) over a plain dictionary. A test holds both to the same tokens.
"""

import json
import math
import unicodedata
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WORD_START = "\u2581"

_PIECES_FILE = "pieces.txt"
_SCORES_FILE = "scores.npy"
_SETTINGS_FILE = "unigram.json"
# SentencePiece's kUnkPenalty: an unknown character costs this much more than the rarest piece.
_UNKNOWN_PENALTY = 10.0


@dataclass(frozen=True)
class UnigramSettings:
    """Ids of the special pieces, the most tokens of a text, and what is replaced before NFKC."""

    bos_id: int
    eos_id: int
    pad_id: int
    unk_id: int
    max_tokens: int
    replacements: Mapping[str, str]


@dataclass(frozen=True)
class Encoding:
    """Ids of one text with `<s>` and `</s>`, padded to its batch; the mask is 1 at tokens, 0 at padding."""

    ids: list[int]
    attention_mask: list[int]


class UnigramTokenizer:
    """Splits text into the ids that the model was built for; immutable once loaded."""

    def __init__(self, settings: UnigramSettings, pieces: Sequence[str], scores: NDArray[np.float32]) -> None:
        """`scores` is float32[len(pieces)]: natural-log probabilities."""
        self._settings = settings
        special = {settings.bos_id, settings.eos_id, settings.pad_id, settings.unk_id}
        # Text never matches a special piece: a query that says `</s>` is three ordinary pieces.
        self._ids = {piece: i for i, piece in enumerate(pieces) if i not in special}
        self._scores = array("f", scores.tolist())
        self._unknown_score = float(scores.min()) - _UNKNOWN_PENALTY
        self._longest_piece = max(map(len, pieces))
        self._replacements = str.maketrans(dict(settings.replacements))

    @classmethod
    def load(cls, folder: Path) -> "UnigramTokenizer | None":
        """The tokenizer in a model folder, or None when the folder has none of this kind."""
        settings_path = folder / _SETTINGS_FILE
        if not settings_path.is_file():
            return None
        settings = UnigramSettings(**json.loads(settings_path.read_text(encoding="utf-8")))
        pieces = (folder / _PIECES_FILE).read_text(encoding="utf-8").split("\n")
        return cls(settings, pieces, np.load(folder / _SCORES_FILE))

    def words(self) -> Iterator[tuple[str, float]]:
        """The words that are one piece each, with the natural logarithm of their frequencies."""
        for piece, number in self._ids.items():
            if piece.startswith(WORD_START) and len(piece) > 1:
                yield piece[1:], self._scores[number]

    def has_word(self, word: str) -> bool:
        """Whether the word is one piece."""
        return WORD_START + word in self._ids

    def encode_batch(self, documents: Sequence[str]) -> list[Encoding]:
        """One encoding per text, all of the length of the longest: the call that fastembed makes."""
        batch = [self._encode(document) for document in documents]
        longest = max(map(len, batch), default=0)
        pad_id = self._settings.pad_id
        return [
            Encoding(
                ids=ids + [pad_id] * (longest - len(ids)),
                attention_mask=[1] * len(ids) + [0] * (longest - len(ids)),
            )
            for ids in batch
        ]

    def _encode(self, text: str) -> list[int]:
        room = self._settings.max_tokens - 2
        # No more characters than this can become tokens; the rest is not even normalised.
        text = unicodedata.normalize("NFKC", text.translate(self._replacements))[: room * self._longest_piece]
        content: list[int] = []
        for word in text.split(" "):
            if word:
                content.extend(self._split(WORD_START + word))
        return [self._settings.bos_id, *content[:room], self._settings.eos_id]

    def _split(self, word: str) -> list[int]:
        length, unknown_id = len(word), self._settings.unk_id
        best = [0.0] + [-math.inf] * length
        piece_start = [0] * (length + 1)
        piece_id = [unknown_id] * (length + 1)
        for start in range(length):
            for end in range(start + 1, min(start + self._longest_piece, length) + 1):
                candidate = self._ids.get(word[start:end])
                if candidate is not None:
                    score = best[start] + self._scores[candidate]
                    if score > best[end]:
                        best[end], piece_start[end], piece_id[end] = score, start, candidate
            unknown = best[start] + self._unknown_score
            if unknown > best[start + 1]:
                best[start + 1], piece_start[start + 1], piece_id[start + 1] = unknown, start, unknown_id
        return self._backtrack(piece_start, piece_id)

    def _backtrack(self, piece_start: Sequence[int], piece_id: Sequence[int]) -> list[int]:
        unknown_id = self._settings.unk_id
        tokens: list[int] = []
        position = len(piece_start) - 1
        while position > 0:
            # Neighbouring unknown characters count as one unknown token.
            if piece_id[position] != unknown_id or not tokens or tokens[-1] != unknown_id:
                tokens.append(piece_id[position])
            position = piece_start[position]
        tokens.reverse()
        return tokens


def write_unigram(folder: Path, settings: UnigramSettings, pieces: Sequence[str], scores: NDArray[np.float32]) -> None:
    """Writes what `UnigramTokenizer.load` reads. No piece holds a line feed: it is normalised to a space."""
    (folder / _SETTINGS_FILE).write_text(json.dumps(asdict(settings)), encoding="utf-8")
    (folder / _PIECES_FILE).write_text("\n".join(pieces), encoding="utf-8")
    np.save(folder / _SCORES_FILE, scores)
