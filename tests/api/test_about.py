from rag.tokens import Tokens


def test_a_client_is_told_what_there_is_to_choose_and_whether_it_may_write(serving, tmp_path):
    client = serving()
    told = client.get("/v1/about").json()
    assert told["may_write"] is True, "nothing is protected as long as there is no token"
    assert (told["collection"], told["models"], told["question_length"]) == ("press", ["extractive"], 2000)
    assert ".txt" in told["suffixes"]
    tokens = Tokens(tmp_path / "data")
    headers = {role: {"Authorization": f"Bearer {tokens.create(role, role)}"} for role in ("read", "write")}
    may_write = [client.get("/v1/about", headers=each).json()["may_write"] for each in ({}, *headers.values())]
    assert may_write == [False, False, True]
