import torch
from transformers import BertConfig, BertModel

from bench.lora import adapt
from bench.packed import Packed

CONFIG = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16)
ROWS = [[3] * 7, [4, 5], [6, 7, 8, 3, 2], [2]]


def model():
    torch.manual_seed(0)
    return BertModel(CONFIG, add_pooling_layer=False).eval()


def of_transformers(transformer, row):
    return transformer(input_ids=torch.tensor([row])).last_hidden_state[0]


def test_a_token_sees_its_row_and_nothing_else():
    made, packed = model(), Packed(ROWS, "cpu")
    with torch.no_grad():
        states = packed.states(made)
        for row, own in zip(ROWS, states.split(packed.lengths), strict=True):
            assert torch.allclose(own, of_transformers(made, row), atol=1e-5)
    assert torch.equal(packed.first(states), states[[0, 7, 9, 14]])
    assert torch.equal(packed.means(states).norm(dim=1).round(decimals=5), torch.ones(4))
    assert torch.allclose(packed.means(states)[3], states[14] / states[14].norm())


def test_what_is_added_to_a_model_counts_and_is_what_learns():
    made, packed = model(), Packed(ROWS, "cpu")
    with torch.no_grad():
        before = packed.states(made)
    adapted = adapt(made)
    for module in adapted.modules():
        if hasattr(module, "b"):
            torch.nn.init.normal_(module.b)
    states = packed.states(adapted)
    assert not torch.allclose(states, before, atol=1e-2)
    with torch.no_grad():
        assert torch.allclose(states[9:14], of_transformers(adapted, ROWS[2]), atol=1e-4)
    states.sum().backward()
    assert adapted.encoder.layer[0].intermediate.dense.a.grad is not None
    assert adapted.encoder.layer[0].intermediate.dense.layer.weight.grad is None


def test_some_rows_are_padded_to_the_longest_of_them():
    packed = Packed(ROWS, "cpu")
    shown = packed.of([1, 2], torch.arange(15.0)[:, None], padding=-1.0)
    assert shown[..., 0].tolist() == [[7, 8, -1, -1, -1], [9, 10, 11, 12, 13]]


def test_dropout_is_that_of_the_embeddings_while_a_model_learns():
    made, packed = model().train(), Packed(ROWS, "cpu")
    with torch.no_grad():
        assert not torch.equal(packed.states(made), packed.states(made))
        made.embeddings.dropout.p = 0.0
        assert torch.equal(packed.states(made), packed.states(made))
