"""Ctrl-C while something goes on that must not be broken off."""

import signal
import threading

import pytest

from host_tools.cable.device import Device
from host_tools.cable.interrupts import interrupts_held_back


def test_putting_files_in_their_places_is_not_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device("PORT")
    told: list[str] = []

    def run(program: str) -> list[str]:
        signal.raise_signal(signal.SIGINT)
        told.append(program)
        return []

    monkeypatch.setattr(device, "_files", run)
    with pytest.raises(KeyboardInterrupt):
        device.commit(["/fob.json", "/key.bin"])
    assert "/key.bin" in told[0]


def test_an_interrupt_comes_through_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupts_held_back():
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_have_nothing_to_hold_back() -> None:
    done: list[bool] = []

    def work() -> None:
        with interrupts_held_back():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
