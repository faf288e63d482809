import os

import pytest

from rag.watching import watch


class EnoughError(Exception):
    pass


def watched(root, steps, answers=()):
    """Watch a folder while each pause does one of some steps; return after how many of them it acted."""
    acted, answers = [], list(answers)
    pauses = iter(steps)
    done = 0

    def act():
        acted.append(done)
        return answers.pop(0) if answers else True

    def pause(_):
        nonlocal done
        step = next(pauses, None)
        if step is None:
            raise EnoughError
        step()
        done += 1

    with pytest.raises(EnoughError):
        watch(root, act, pause)
    return acted


def nothing():
    pass


def test_it_acts_at_once_and_after_each_change_that_has_come_to_rest(tmp_path):
    path = tmp_path / "a.txt"

    def write(text):
        return lambda: path.write_text(text)

    steps = [write("a"), write("ab"), nothing, nothing, nothing, path.unlink, nothing, nothing]
    assert watched(tmp_path, steps) == [0, 3, 7]


def test_a_change_while_it_acts_is_seen(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a")
    later = iter([lambda: path.write_text("b"), nothing, nothing])
    acted = []

    def act():
        acted.append(path.read_text())
        next(later, nothing)()
        return True

    looks = iter(range(6))

    def pause(_):
        if next(looks, None) is None:
            raise EnoughError

    with pytest.raises(EnoughError):
        watch(tmp_path, act, pause)
    assert acted == ["a", "b"]


def test_what_failed_is_tried_again(tmp_path):
    assert watched(tmp_path, [nothing] * 4, answers=[False, False, True]) == [0, 1, 2]


def test_a_folder_that_goes_and_comes_back_is_two_changes(tmp_path):
    folder = tmp_path / "press"
    folder.mkdir()
    away = tmp_path / "away"
    steps = [lambda: folder.rename(away), nothing, nothing, lambda: away.rename(folder), nothing, nothing]
    assert watched(folder, steps) == [0, 2, 5]


def test_one_file_is_watched_as_well(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("{}")
    assert watched(path, [lambda: os.utime(path, (1, 1)), nothing, nothing]) == [0, 2]
