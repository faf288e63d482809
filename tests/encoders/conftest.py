"""The bundled encoder, prepared once and kept between runs, and a tiny model made on the spot."""

import os
from pathlib import Path

import pytest

from rag.encoders import load, prepare, resolve
from rag.encoders.transformer import TransformerEncoder
from rag.protocols import silent


@pytest.fixture(scope="session")
def cache_dir():
    return Path(os.environ.get("RAG_CACHE_DIR") or Path.home() / ".cache" / "askpress")


@pytest.fixture(scope="session")
def encoder(cache_dir):
    return load("bundled", cache_dir=cache_dir)


@pytest.fixture(scope="session")
def transformer(cache_dir):
    return TransformerEncoder(prepare(resolve("bundled"), cache_dir, silent, "sentence-transformers"))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """A sentence-transformers folder: random BERT, words as tokens, cls pooling, prompts and a length of its own."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


def make_tiny_model(folder):
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "ask", "tell", ":", *"abcdefghijklmnopqrstuvwxyz"]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Split("", "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=48,
    )
    BertModel(config).save_pretrained(folder / "bert")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=32)
    model = SentenceTransformer(
        modules=[transformer, Pooling(64, "cls")], prompts={"query": "ask: ", "document": "tell: "}, device="cpu"
    )
    model.save(str(folder / "model"))
    return folder / "model"
