from io import StringIO

from afterdetail.batch.bar import Bar
from afterdetail.batch.tally import Tally


def test_it_tells_speed_time_left_and_failures_and_does_not_count_what_was_there():
    tally, file = Tally(10), StringIO()
    with Bar(tally, file) as bar:
        for fate in ("skipped", "skipped", "detailed", "failed"):
            tally.fates[fate] += 1
            bar.advance(fate)
        bar._bar.start_t -= 4  # two pictures in four seconds
        bar._bar.refresh()
        shown = file.getvalue().split("\r")[-1]
        bar.tell("a sentence")
    assert "4/10" in shown and "1 failed" in shown
    assert "00:04<00:12" in shown and "2.0" in shown and "s/picture" in shown
    assert "a sentence\n" in file.getvalue()
