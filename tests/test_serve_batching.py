"""Requests that share an engine: every answer to whom it belongs, in order, and nobody fails by another's text."""

import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.decoding.translation import Translation
from tfcli.serve.batching import Batcher, BusyError

PATIENCE = 60


class Echo:
    """Translates by quoting. calls: the texts of each call. gate: closed, it waits."""

    def __init__(self, name: str = ""):
        self.name = name
        self.calls: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def translate_detailed(self, texts):
        self.entered.set()
        assert self.gate.wait(PATIENCE)
        self.calls.append(list(texts))
        if "bad" in texts:
            raise ValueError("a text of a client")
        return [Translation(text, f"{self.name}<{text}>") for text in texts]


def hold(batcher: Batcher, echo: Echo):
    """Keeps the thread busy with a first request, so that what follows waits together."""
    echo.gate.clear()
    first = batcher.submit([(echo, "first")])
    assert echo.entered.wait(PATIENCE)
    return first


def texts_of(future) -> list[str]:
    return [answer.translation for answer in future.result(PATIENCE)]


@pytest.fixture
def batcher():
    batcher = Batcher()
    batcher.start()
    yield batcher
    batcher.close()


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.text("xyz", max_size=5)), max_size=6), max_size=8))
def test_every_request_gets_its_own_answers_in_order(requests):
    translators = {name: Echo(name) for name in "ab"}
    batcher = Batcher()
    futures = [batcher.submit([(translators[name], text) for name, text in units]) for units in requests]
    batcher.start()
    for units, future in zip(requests, futures, strict=True):
        assert texts_of(future) == [f"{name}<{text}>" for name, text in units]
    batcher.close()


def test_what_waits_together_is_translated_together(batcher):
    echo = Echo()
    hold(batcher, echo)
    futures = [batcher.submit([(echo, f"{i}")]) for i in range(20)]
    echo.gate.set()
    assert [texts_of(future) for future in futures] == [[f"<{i}>"] for i in range(20)]
    assert [len(call) for call in echo.calls] == [1, 20]


def test_a_sentence_does_not_wait_for_a_book(batcher):
    echo = Echo()
    hold(batcher, echo)
    book = batcher.submit([(echo, f"{i} " + "x" * 500) for i in range(100)])
    sentence = batcher.submit([(echo, "short")])
    echo.gate.set()
    assert texts_of(sentence) == ["<short>"] and len(texts_of(book)) == 100
    assert "short" in echo.calls[1] and len(echo.calls) > 5


def test_a_failing_text_fails_its_own_request_only(batcher):
    echo = Echo()
    hold(batcher, echo)
    futures = [batcher.submit([(echo, text)]) for text in ("one", "bad", "two")]
    echo.gate.set()
    assert texts_of(futures[0]) == ["<one>"] and texts_of(futures[2]) == ["<two>"]
    with pytest.raises(ValueError):
        futures[1].result(PATIENCE)


def test_a_full_queue_takes_nothing_more_and_recovers():
    batcher, echo = Batcher(most_waiting=10), Echo()
    batcher.start()
    hold(batcher, echo)
    waiting = batcher.submit([(echo, "x" * 50)])  # the first may be as long as it likes
    with pytest.raises(BusyError):
        batcher.submit([(echo, "y")])
    echo.gate.set()
    assert texts_of(waiting) == [f"<{'x' * 50}>"]
    assert texts_of(batcher.submit([(echo, "y")])) == ["<y>"]
    batcher.close()


def test_closing_answers_what_was_taken_on_and_takes_nothing_more():
    batcher, echo = Batcher(), Echo()
    batcher.start()
    hold(batcher, echo)
    futures = [batcher.submit([(echo, f"{i} " + "x" * 3000)]) for i in range(9)]
    called = batcher.call(lambda: "called")
    closing = threading.Thread(target=batcher.close)
    closing.start()
    echo.gate.set()
    closing.join(PATIENCE)
    assert all(future.done() for future in futures) and called.result(0) == "called"
    with pytest.raises(BusyError):
        batcher.submit([(echo, "late")])
    with pytest.raises(BusyError):
        batcher.call(SimpleNamespace)


def test_a_function_that_fails_fails_alone(batcher):
    with pytest.raises(ZeroDivisionError):
        batcher.call(lambda: 1 / 0).result(PATIENCE)
    assert batcher.call(lambda: 1).result(PATIENCE) == 1
