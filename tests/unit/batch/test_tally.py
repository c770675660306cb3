from itertools import permutations

from afterdetail.batch.tally import Tally


def test_the_table_is_the_same_whatever_ended_first():
    def table(order: tuple[int, ...]) -> str:
        tally = Tally(3)
        for place in order:
            tally.detailed(f"host{place}:8188", 2.0, ())
            tally.notes[f"note {place}"] += 1
            tally.failures.append(f"{place}.png: no picture")
        tally.notes["note 2"] += 1
        return tally.table()

    (told,) = {table(order) for order in permutations(range(3))}
    assert [line.split()[-1] for line in told.splitlines() if " x " in line] == ["2", "0", "1"]
