"""The journal keeps the last lines, stays small and never stops anything."""

from recording_flash import RecordingFlash

from fob.journal import Journal


def noted(*lines):
    flash = RecordingFlash()
    for line in lines:
        Journal(flash).note(line)
    return flash


def test_without_a_file_it_is_empty():
    journal = Journal(RecordingFlash())
    assert (journal.lines(), journal.crashes) == ([], 0)


def test_lines_come_back_in_their_order():
    assert Journal(noted("one", "two")).lines() == ["one", "two"]


def test_an_empty_line_is_a_line():
    assert Journal(noted("one", "", "two")).lines() == ["one", "", "two"]


def test_the_oldest_of_too_many_lines_goes():
    lines = ["line %d" % n for n in range(20)]
    assert Journal(noted(*lines)).lines() == lines[-16:]


def test_the_file_fills_a_kibibyte_and_no_more():
    lines = ["%02d" % n + "x" * 98 for n in range(10)]
    flash = noted(*lines, "x" * 8)
    assert len(flash.files["journal"]) == 1024
    assert Journal(flash).lines() == lines + ["x" * 8]
    assert Journal(noted(*lines, "x" * 9)).lines() == lines[1:] + ["x" * 9]


def test_a_line_is_cut_and_holds_printable_ascii_only():
    lines = Journal(noted("x" * 101, "one\ntwo\x00\x7f", "ä" * 90)).lines()
    assert lines[:2] == ["x" * 100, "one?two??"]
    assert lines[2] == "?" * 90


def test_crashes_in_a_row_are_counted_and_noted():
    flash = noted("one")
    Journal(flash).crash("two")
    Journal(flash).note("three")
    Journal(flash).crash("four")
    journal = Journal(flash)
    assert (journal.crashes, journal.lines()) == (2, ["one", "two", "three", "four"])


def test_a_start_that_went_well_ends_the_row_and_keeps_the_lines():
    flash = RecordingFlash()
    Journal(flash).crash("one")
    Journal(flash).well()
    journal = Journal(flash)
    assert (journal.crashes, journal.lines()) == (0, ["one"])


def test_being_well_all_the_time_writes_nothing():
    flash = noted("one")
    flash.writes.clear()
    Journal(flash).well()
    assert flash.writes == []


def test_no_number_of_crashes_overflows():
    flash = RecordingFlash()
    for _ in range(260):
        Journal(flash).crash("again")
    assert Journal(flash).crashes == 255


def test_any_damage_starts_it_empty():
    flash = noted("one", "two")
    record = flash.files["journal"]
    for bit in range(8 * len(record)):
        damaged = bytearray(record)
        damaged[bit // 8] ^= 1 << bit % 8
        journal = Journal(RecordingFlash({"journal": bytes(damaged)}))
        assert (journal.lines(), journal.crashes) == ([], 0)


def test_a_damaged_journal_is_written_anew():
    flash = RecordingFlash({"journal": b"damaged"})
    Journal(flash).note("one")
    assert Journal(flash).lines() == ["one"]


def test_a_flash_that_cannot_be_written_is_passed_over():
    flash = noted("one")
    flash.full = True
    journal = Journal(flash)
    journal.note("two")
    journal.crash("three")
    journal.well()
    assert Journal(flash).lines() == ["one"]
