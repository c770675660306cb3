import pytest
from afterdetail.detailer.seeds import Seeds, derived_seed


def test_the_first_object_gets_the_seed_itself():
    assert derived_seed(1234, 0, 0) == 1234


def test_no_collisions_over_images_and_objects():
    """Nor in the low 32 bits, which are all that torch's CPU generator looks at."""
    seeds = [derived_seed(99, image, item) for image in range(300) for item in range(300)]
    assert len({seed % 2**32 for seed in seeds}) == len(seeds) == 90_000


def test_neighbouring_seeds_share_no_object():
    """People step the seed by one; object 1 of seed 5 must not be object 0 of seed 6."""
    seen: set[int] = set()
    for seed in range(500):
        own = {derived_seed(seed, image, item) % 2**32 for image in range(8) for item in range(16)}
        assert not own & seen
        seen |= own


def test_seeds_stay_in_comfyuis_range():
    assert 0 <= derived_seed(2**64 - 1, 65535, 65535) < 2**64


def test_a_list_goes_before_the_seed():
    seeds = Seeds.parse(5, " 7, 8 ,")
    assert [seeds.of(place, 0, place) for place in range(3)] == [7, 8, derived_seed(5, 0, 2)]


@pytest.mark.parametrize("text", ["a", "-1", "1.5", "1, x", str(2**64)])
def test_a_bad_list_is_a_sentence(text):
    with pytest.raises(ValueError, match="write whole numbers from 0 to"):
        Seeds.parse(0, text)
