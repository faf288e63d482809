import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from rag.encoders import quantisation
from rag.encoders.quantisation import to_int8
from rag.encoders.sessions import open_session

WIDTH, LOUD = 64, 7


@pytest.fixture
def graph(tmp_path):
    """A product of embeddings with a matrix, of which one channel is a hundred times as large as the others."""
    numbers = np.random.default_rng(1)
    embeddings = numbers.normal(size=(50, WIDTH)).astype(np.float32)
    embeddings[:, LOUD] *= 100
    matrices = [numbers.normal(size=(WIDTH, WIDTH)).astype(np.float32) / 8 for _ in range(2)]
    for matrix in matrices:
        matrix[LOUD] /= 100
    constants = {"embeddings": embeddings, "first": matrices[0], "second": matrices[1]}
    nodes = [
        helper.make_node("Gather", ["embeddings", "input_ids"], ["states"], "states"),
        helper.make_node("MatMul", ["states", "first"], ["one"], "one"),
        helper.make_node("MatMul", ["states", "second"], ["two"], "two"),
        helper.make_node("Add", ["one", "two"], ["vector"], "vector"),
    ]
    made = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["texts", "tokens", WIDTH])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    path = tmp_path / "exact.onnx"
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def test_int8_with_a_loud_channel(graph, tmp_path, monkeypatch):
    batches = [{"input_ids": np.arange(start, start + 25).reshape(5, 5)} for start in (0, 25)]
    to_int8(graph, tmp_path / "int8.onnx", batches)
    monkeypatch.setattr(quantisation, "_ORDINARY", 1.0)
    to_int8(graph, tmp_path / "not-smoothed.onnx", batches)

    def vectors(name):
        return np.concatenate([open_session(tmp_path / name).run(["vector"], batch)[0] for batch in batches])

    exact = vectors("exact.onnx")
    loss, plain = (np.abs(vectors(name) - exact).mean() for name in ("int8.onnx", "not-smoothed.onnx"))
    assert 0 < loss < plain / 5
    assert loss < np.abs(exact).mean() / 50


def test_what_stands_beside_a_text_changes_nothing(graph, tmp_path):
    """Were the scale that of the batch, another text would change it."""
    inputs = np.arange(25).reshape(5, 5)
    to_int8(graph, tmp_path / "int8.onnx", [{"input_ids": inputs}])
    session = open_session(tmp_path / "int8.onnx")
    (together,) = session.run(["vector"], {"input_ids": inputs})
    alone = [session.run(["vector"], {"input_ids": inputs[[row]]})[0][0] for row in range(5)]
    assert np.array_equal(together, alone)


def test_a_product_adds_its_bias_itself(graph, tmp_path):
    model = onnx.load(graph)
    model.graph.initializer.append(numpy_helper.from_array(np.linspace(-1, 1, WIDTH, dtype=np.float32), "bias"))
    model.graph.node.insert(3, helper.make_node("Add", ["two", "bias"], ["biased"]))
    model.graph.node[4].input[1] = "biased"
    onnx.save(model, graph)
    inputs = {"input_ids": np.arange(25).reshape(5, 5)}
    to_int8(graph, tmp_path / "int8.onnx", [inputs])
    assert sum(node.op_type == "Add" for node in onnx.load(tmp_path / "int8.onnx").graph.node) == 1
    exact, found = (open_session(path).run(["vector"], inputs)[0] for path in (graph, tmp_path / "int8.onnx"))
    assert np.abs(found - exact).mean() < np.abs(exact).mean() / 50


def test_layers_may_share_a_matrix(graph, tmp_path):
    model = onnx.load(graph)
    model.graph.node[2].input[:] = ["one", "first"]
    onnx.save(model, graph)
    inputs = {"input_ids": np.arange(25).reshape(5, 5)}
    to_int8(graph, tmp_path / "int8.onnx", [inputs])
    exact, found = (open_session(path).run(["vector"], inputs)[0] for path in (graph, tmp_path / "int8.onnx"))
    assert np.abs(found - exact).mean() < np.abs(exact).mean() / 50


def with_attention(path, *, across):
    """Give the graph an attention of the embeddings to themselves, or to others of them."""
    numbers, model = np.random.default_rng(2), onnx.load(path)
    constants = {"shape": np.array([0, 0, WIDTH])}
    nodes = [model.graph.node[0]]
    if across:
        nodes.append(helper.make_node("Add", ["states", "embedding"], ["others"]))
        constants["embedding"] = numbers.normal(size=WIDTH).astype(np.float32)
    for part in ("query", "key", "value"):
        constants[f"{part}_matrix"] = numbers.normal(size=(WIDTH, WIDTH)).astype(np.float32) / 8
        constants[f"{part}_matrix"][LOUD] /= 100
        constants[f"{part}_bias"] = numbers.normal(size=WIDTH).astype(np.float32)
        read = "others" if across and part != "query" else "states"
        nodes += [
            helper.make_node("MatMul", [read, f"{part}_matrix"], [f"{part}_product"]),
            helper.make_node("Add", [f"{part}_product", f"{part}_bias"], [f"{part}_sum"]),
            helper.make_node("Reshape", [f"{part}_sum", "shape"], [part]),
        ]
    attention = helper.make_node(
        "MultiHeadAttention", ["query", "key", "value", "", "mask"], ["vector"], domain="com.microsoft", num_heads=4
    )
    del model.graph.node[:], model.graph.initializer[1:]
    model.graph.node.extend([*nodes, attention])
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in constants.items())
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.INT32, ["texts", "tokens"]))
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, path)


@pytest.mark.parametrize("across", [False, True])
def test_attention_of_a_text_to_itself_is_one_operation(graph, tmp_path, across):
    with_attention(graph, across=across)
    mask = np.ones((5, 5), np.int32)
    mask[2, 3:] = 0
    inputs = {"input_ids": np.arange(25).reshape(5, 5), "mask": mask}
    to_int8(graph, tmp_path / "int8.onnx", [inputs])
    made = [node.op_type for node in onnx.load(tmp_path / "int8.onnx").graph.node]
    assert ("QAttention" in made) is not across
    assert ("MatMulIntegerToFloat" in made) is across
    exact, found = (open_session(path).run(["vector"], inputs)[0][mask > 0] for path in (graph, tmp_path / "int8.onnx"))
    assert np.abs(found - exact).mean() < np.abs(exact).mean() / 20
