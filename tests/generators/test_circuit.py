from rag.generators.circuit import FAILURES, PAUSE, Circuit, circuit_of


def opened(now):
    circuit = Circuit(lambda: now[0])
    for _ in range(FAILURES):
        assert circuit.admit() == 0.0
        circuit.settle(False)
    return circuit


def test_it_opens_after_failures_in_a_row():
    circuit = opened(now := [100.0])
    assert circuit.admit() == PAUSE
    now[0] += PAUSE - 0.1
    assert circuit.admit() == 1.0


def test_one_success_starts_the_count_again():
    circuit = Circuit()
    for healthy in [False] * (FAILURES - 1) + [True] + [False] * (FAILURES - 1):
        circuit.settle(healthy)
    assert circuit.admit() == 0.0


def test_one_call_at_a_time_tries_after_the_pause():
    circuit = opened(now := [100.0])
    now[0] += PAUSE
    assert [circuit.admit(), circuit.admit()] == [0.0, 1.0]
    circuit.settle(True)
    assert [circuit.admit(), circuit.admit()] == [0.0, 0.0]


def test_a_try_that_fails_opens_it_again():
    circuit = opened(now := [100.0])
    now[0] += PAUSE
    assert circuit.admit() == 0.0
    circuit.settle(False)
    assert circuit.admit() == PAUSE


def test_a_try_that_is_left_makes_room_for_the_next():
    circuit = opened(now := [100.0])
    now[0] += PAUSE
    assert circuit.admit() == 0.0
    circuit.settle(None)
    assert circuit.admit() == 0.0


def test_an_endpoint_has_one_circuit():
    assert circuit_of("http://a", "m") is circuit_of("http://a", "m")
    assert circuit_of("http://a", "m") is not circuit_of("http://a", "n")
