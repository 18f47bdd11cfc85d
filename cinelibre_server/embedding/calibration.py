"""What the encoder's activations are like: the encoder in float32, run over a few texts while the model is built.

Large activations of this model sit in the same channels whatever the text, so a few hundred tokens show them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.embedding.e5_weights import E5Weights, Q4Matrix
from cinelibre_server.embedding.quantization import dequantize

# Queries and passages, with the model's prefixes, short and long, in the scripts of the catalogue.
CALIBRATION_TEXTS = (
    "query: a",
    "query: 1999",
    "query: movies like the one where nobody believes the witness of a murder on a train",
    "query: ek ladki jo apne pita ke khilaf jaakar cricket khelti hai",
    "query: a book about grief, memory and the sea!",
    "query: बरसात की रात में भटके हुए मुसाफ़िर की कहानी",
    "query: ஒரு மீனவரின் மகள் மருத்துவராகும் கதை",
    "query: తండ్రి కలను నెరవేర్చే కొడుకు",
    "query: കടലിൽ കാണാതായ സഹോദരനെ തേടി",
    "query: ಬೆಂಗಳೂರಿನ ರಾತ್ರಿಯಲ್ಲಿ ನಡೆಯುವ ದರೋಡೆ",
    "query: হারিয়ে যাওয়া চিঠির রহস্য",
    "query: ایک شاعر کی ادھوری محبت",
    "query: ??? 🎬 10/10 @home #1 http://example.org/a_b",
    "passage: The Lantern Keeper. 1974. Maria Sole, Tom Ashdown. Drama, Mystery. On a rocky island a widowed keeper "
    "takes in a girl who was washed ashore and remembers nothing. When letters begin to arrive that know her name, "
    "the two cross the strait in a storm to find out who wrote them; what they learn about the wreck, the keeper's "
    "late wife and the money that vanished 20 years ago sets the whole harbour against them.",
    "passage: Monsoon Ledger. मॉनसून का हिसाब. 2011. R. Kulkarni, Asha Pillai. Comedy, Crime, Family. based on novel, "
    "small town, accountant, wedding. An honest accountant finds that his brother-in-law has been paying the wedding "
    "bills with the temple's money, and has three days to put it back.",
    "passage: गाँव का आख़िरी डाकिया. 1986. Drama. एक बूढ़ा डाकिया हर दिन दस मील चलकर चिट्ठियाँ पहुँचाता है। जब सड़क बनती है तो "
    "उसका काम छिन जाता है, और वह अपनी आख़िरी चिट्ठी ख़ुद लिखता है।",
    "passage: Les Heures bleues. 2003. Romance. À Lyon, une pianiste et un horloger s'écrivent sans se connaître. "
    "¿Quién es ella? Die Antwort liegt in einem alten Haus.",
)


@dataclass(frozen=True)
class LayerInputs:
    """What a layer's matrices multiply, float32[tokens, channels] each: q, k and v share an input."""

    qkv: NDArray[np.float32]
    ao: NDArray[np.float32]
    fi: NDArray[np.float32]
    fo: NDArray[np.float32]


def calibrate(weights: E5Weights, texts: Sequence[NDArray[np.int64]]) -> Iterator[LayerInputs]:
    """Each layer's inputs over `texts`, one after another; a text is its ids in the weights' own vocabulary."""
    floats, hidden_size = weights.floats, weights.shape.hidden
    words = np.concatenate([_embedding_rows(weights, ids) for ids in texts])
    places = np.concatenate([np.arange(len(ids)) for ids in texts])
    positions = floats["emb.pos"].reshape(-1, hidden_size)[places] + floats["emb.type"][:hidden_size]
    hidden = _normalize(words + positions, floats, "emb.ln", weights.shape.layer_norm_epsilon)
    bounds = np.cumsum([len(ids) for ids in texts])[:-1]
    for layer in range(weights.shape.layers):
        hidden, inputs = _run_layer(weights, f"l{layer}", hidden, bounds)
        yield inputs


def _run_layer(
    weights: E5Weights, name: str, hidden: NDArray[np.float32], bounds: NDArray[np.int64]
) -> tuple[NDArray[np.float32], LayerInputs]:
    """One layer over float32[tokens, hidden], the tokens of all texts after one another, split at `bounds`."""
    floats, epsilon = weights.floats, weights.shape.layer_norm_epsilon

    def project(part: str, source: NDArray[np.float32]) -> NDArray[np.float32]:
        matrix = dequantize(weights.matrices[f"{name}.{part}.w"], source.shape[1])
        return np.asarray(source @ matrix + floats[f"{name}.{part}.b"])

    queries, keys, values = (np.split(project(part, hidden), bounds) for part in "qkv")
    attended = np.concatenate([_attend(*text, weights.shape.heads) for text in zip(queries, keys, values, strict=True)])
    middle = _normalize(project("ao", attended) + hidden, floats, f"{name}.aln", epsilon)
    activated = _gelu(project("fi", middle))
    output = _normalize(project("fo", activated) + middle, floats, f"{name}.oln", epsilon)
    return output, LayerInputs(hidden, attended, middle, activated)


def _embedding_rows(weights: E5Weights, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    words, blocks = weights.matrices["emb.word"], weights.shape.hidden // weights.shape.block_size
    rows = Q4Matrix(
        scales=words.scales.reshape(-1, blocks)[ids].reshape(-1),
        nibbles=words.nibbles.reshape(-1, blocks, words.nibbles.shape[1])[ids].reshape(-1, words.nibbles.shape[1]),
    )
    return dequantize(rows, weights.shape.hidden).T


def _attend(
    queries: NDArray[np.float32], keys: NDArray[np.float32], values: NDArray[np.float32], heads: int
) -> NDArray[np.float32]:
    tokens = len(queries)
    query, key, value = (part.reshape(tokens, heads, -1).transpose(1, 0, 2) for part in (queries, keys, values))
    scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[2]))
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    return np.asarray((shares @ value).transpose(1, 0, 2).reshape(tokens, -1))


def _normalize(
    values: NDArray[np.float32], floats: Mapping[str, NDArray[np.float32]], name: str, epsilon: float
) -> NDArray[np.float32]:
    centred = values - values.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + np.float32(epsilon))
    return np.asarray(centred / deviation * floats[f"{name}.w"] + floats[f"{name}.b"])


def _gelu(values: NDArray[np.float32]) -> NDArray[np.float32]:
    # Hendrycks & Gimpel's approximation, within 0.001: near enough for a calibration.
    inner = np.float32(np.sqrt(2 / np.pi)) * (values + np.float32(0.044715) * values**3)
    return np.asarray(np.float32(0.5) * values * (1 + np.tanh(inner)))
