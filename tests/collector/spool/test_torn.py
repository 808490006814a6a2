"""What a power cut and flipped bits leave of a spool: some of the proof `torn-spool`, which does all of it."""

from tests.prove import torn_spool


def test_nothing_is_lost_untold_or_doubled_when_files_are_cut_and_bits_flip() -> None:
    told = torn_spool.prove(36)
    assert {key: told[key] for key in ("lost", "doubled", "invented", "failed")} == {
        "lost": 0,
        "doubled": 0,
        "invented": 0,
        "failed": [],
    }
    stored, covered = told["stored"], told["gap_covered"]
    assert isinstance(stored, int)
    assert isinstance(covered, int)
    # It was worth it: there was damage, and most was read back all the same.
    assert 0 < covered < stored
