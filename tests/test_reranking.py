import pytest
from fakes import make_entry

from rag.errors import EncoderError, ModelNotFound
from rag.reranking import RERANKED, Reranker
from rag.types import Candidate, Hit


def make_cross_encoder(folder, labels=1):
    """A CrossEncoder of random weights that reads letters."""
    import torch
    from sentence_transformers import CrossEncoder
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz?"]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Split("", "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, num_labels=labels,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder / "bert")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=64,
    ).save_pretrained(folder / "bert")  # fmt: skip
    CrossEncoder(str(folder / "bert"), device="cpu").save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_cross_encoder(tmp_path_factory.mktemp("cross"))


def hits(count):
    found = []
    for place in range(count):
        entry = make_entry(str(place), f"{chr(97 + place)} zebra {place}", language="en")
        vectors = (entry.passage_vectors[0], entry.sentence_vectors)
        found.append(Hit(Candidate(entry.article, entry.passages[0], *vectors, 0.0), 2 - place / 10, 1.0, 0.0, (0.5,)))
    return tuple(found)


def names(found):
    return [hit.candidate.article.id for hit in found]


def test_the_first_hits_take_the_order_of_the_model_and_the_scores_stay_in_theirs(model):
    reranker, given = Reranker(str(model)), hits(RERANKED + 2)
    found = reranker.rerank("who?", given)
    judged = reranker._model.predict(
        [("who?", f"{h.candidate.article.title}\n{h.candidate.article.text}") for h in given[:RERANKED]]
    )
    expected = sorted(range(RERANKED), key=lambda place: -judged[place])
    assert names(found) == [*map(str, expected), *names(given[RERANKED:])]
    assert names(found) != names(given)
    assert [hit.score for hit in found] == [hit.score for hit in given]


def test_nothing_stays_nothing(model):
    assert Reranker(str(model)).rerank("who?", ()) == ()


def test_a_model_that_does_not_score_is_refused(tmp_path):
    with pytest.raises(EncoderError, match="3"):
        Reranker(str(make_cross_encoder(tmp_path, labels=3)))


def test_a_model_that_is_not_there_is_told(tmp_path):
    for name in (str(tmp_path / "absent"), "bundled"):
        with pytest.raises(ModelNotFound):
            Reranker(name)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EncoderError, match="reranker"):
        Reranker(str(tmp_path))
