"""How busy the process is taken to be."""

import pytest

from archiver.sync.load import Load


class Clocks:
    """Wall and CPU time, in seconds."""

    def __init__(self) -> None:
        self.wall_s = self.cpu_s = 0.0

    def load(self) -> Load:
        return Load(clock=lambda: self.wall_s, cpu_clock=lambda: self.cpu_s)

    def go_on(self, seconds: float, *, cores: float) -> None:
        self.wall_s += seconds
        self.cpu_s += seconds * cores


@pytest.mark.parametrize(("cores", "is_light"), [(0.0, True), (0.7, True), (0.8, False), (1.6, False)])
def test_a_process_that_keeps_a_core_busy_has_no_use_for_another_thread(cores: float, is_light: bool) -> None:
    clocks = Clocks()
    load = clocks.load()
    clocks.go_on(0.1, cores=cores)
    assert load.is_light() is is_light


def test_it_is_judged_by_what_was_lately() -> None:
    clocks = Clocks()
    load = clocks.load()
    clocks.go_on(100.0, cores=1.0)
    assert not load.is_light()
    clocks.go_on(0.1, cores=0.1)
    assert load.is_light()


def test_a_moment_says_nothing() -> None:
    clocks = Clocks()
    load = clocks.load()
    clocks.go_on(0.001, cores=1.0)
    assert load.is_light()
