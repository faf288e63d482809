"""Rows of tokens through a BertModel one after the other, with no padding between them.

Of a fit's time on a GPU most goes to padding and to small operations. Here a token sees those of its row by
FlashAttention for rows of any lengths (Dao, "FlashAttention-2", 2023), and what lies between is compiled: an H200 fits
the encoder to 1.1 million tokens a second. On a CPU each row attends by itself.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import dropout, embedding, gelu, layer_norm, linear, normalize, scaled_dot_product_attention
from torch.nn.utils.rnn import pad_sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Weights = tuple[Any, ...]  # a matrix and a bias, or the scales of a norm, a bias and what keeps it from zero


class Packed:
    """Token ids of rows, one after the other, on a device.

    ``owner`` is the row of each token, int64 of shape (tokens,); ``bounds`` where each row begins, and all end, int32.
    """

    def __init__(self, rows: Sequence[list[int]], device: Any) -> None:
        self.lengths = [len(row) for row in rows]
        ends = np.cumsum([0, *self.lengths])
        places = np.arange(ends[-1]) - np.repeat(ends[:-1], self.lengths)
        made = (np.concatenate(rows), places, np.repeat(np.arange(len(rows)), self.lengths))
        self.ids, self.places, self.owner = (torch.from_numpy(part.astype(np.int64)).to(device) for part in made)
        self.bounds = torch.from_numpy(ends.astype(np.int32)).to(device)

    def states(self, transformer: Any) -> Any:
        """Return what a BertModel makes of each token, float32 of shape (tokens, width).

        While it learns it has the dropout of its embeddings everywhere but in attention.
        """
        words, config = transformer.embeddings, transformer.config
        rate = words.dropout.p if transformer.training else 0.0
        found = embedding(self.ids, words.word_embeddings.weight) + words.token_type_embeddings.weight[0]
        found = _normed(found + embedding(self.places, words.position_embeddings.weight), _norm(words.LayerNorm))
        found = dropout(found, rate)
        into, rest = _operations(found.device.type)
        kind = torch.bfloat16 if found.is_cuda else torch.float32
        for layer in transformer.encoder.layer:
            own = layer.attention.self
            parts = [_weights(part, kind) for part in (own.query, own.key, own.value)]
            joined = into(found, *map(torch.cat, zip(*parts, strict=True)))
            heads = joined.view(len(found), 3, config.num_attention_heads, -1).unbind(1)
            seen = self._attended(*(part.contiguous() for part in heads)).flatten(1)
            out, last = layer.attention.output, layer.output
            dense = [_weights(part, kind) for part in (out.dense, layer.intermediate.dense, last.dense)]
            found = rest(found, seen, dense, (_norm(out.LayerNorm), _norm(last.LayerNorm)), rate)
        return found

    def _attended(self, query: Any, key: Any, value: Any) -> Any:
        """Return what each token sees in its own row; all are of shape (tokens, heads, width of a head)."""
        if query.is_cuda:
            from torch.nn.attention.varlen import varlen_attn

            longest = max(self.lengths)
            return varlen_attn(query, key, value, self.bounds, self.bounds, longest, longest)
        rows = [part.split(self.lengths) for part in (query, key, value)]
        seen = [
            scaled_dot_product_attention(*(part.transpose(0, 1)[None] for part in row))[0].transpose(0, 1)
            for row in zip(*rows, strict=True)
        ]
        return torch.cat(seen)

    def means(self, states: Any) -> Any:
        """Return the mean of each row's states, of length 1: float32 of shape (rows, width)."""
        sums = torch.zeros(len(self.lengths), states.shape[1], device=states.device)
        return normalize(sums.index_add(0, self.owner, states), dim=1)

    def first(self, states: Any) -> Any:
        """Return the state of each row's first token."""
        return states[self.bounds[:-1].long()]

    def of(self, chosen: Sequence[int], states: Any, padding: float) -> Any:
        """Return the states of some rows, of shape (rows, tokens of the longest, width)."""
        parts = states.split(self.lengths)
        return pad_sequence([parts[row] for row in chosen], batch_first=True, padding_value=padding)


def _weights(module: Any, kind: Any) -> Weights:
    return module.weight.to(kind), module.bias.to(kind)


def _norm(module: Any) -> Weights:
    return module.weight, module.bias, module.eps


@cache
def _operations(device: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return what leads to attention and from it, compiled where there is a GPU: a CPU may have no compiler."""
    if device != "cuda":
        return _into, _rest
    return torch.compile(_into, dynamic=True), torch.compile(_rest, dynamic=True)


def _into(states: Any, matrix: Any, bias: Any) -> Any:
    return linear(states.to(matrix.dtype), matrix, bias)


def _rest(states: Any, seen: Any, dense: Sequence[Weights], norms: Sequence[Weights], rate: float) -> Any:
    out, within, last = dense
    between = _normed(states + dropout(linear(seen, *out).float(), rate), norms[0])
    made = linear(gelu(linear(between.to(within[0].dtype), *within)), *last).float()
    return _normed(between + dropout(made, rate), norms[1])


def _normed(states: Any, norm: Weights) -> Any:
    return layer_norm(states, states.shape[-1:], *norm)
