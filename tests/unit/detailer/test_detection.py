from afterdetail.detailer.detection import Extent


def test_what_two_extents_share():
    a, b = Extent(0.0, 0.0, 4.5, 2.0), Extent(4.0, 1.0, 6.0, 9.0)
    assert a.intersection(b) == Extent(4.0, 1.0, 4.5, 2.0) and a.intersection(b).area == 0.5
    assert a.intersection(b.shifted(1, 0)).area == 0  # they only touch from the outside


def test_the_long_side_and_the_center():
    assert Extent(1.0, 2.0, 2.5, 6.0).long_side == 4.0 and Extent(1.0, 2.0, 2.5, 6.0).center == (1.75, 4.0)
