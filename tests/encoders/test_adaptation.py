import torch
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLayer

from rag.encoders.adaptation import _first_state


def test_the_last_layer_s_first_state_is_what_the_whole_layer_makes_of_it():
    torch.manual_seed(0)
    config = BertConfig(hidden_size=48, num_attention_heads=4, intermediate_size=96)
    layer, states = BertLayer(config).eval(), torch.randn(2, 11, 48)
    with torch.no_grad():
        expected, found = layer(states)[:, :1], _first_state(layer, states)
    assert found.shape == (2, 1, 48)
    assert torch.allclose(found, expected, atol=1e-5)
