import numpy as np
import pytest
from rig import photos


@pytest.mark.parametrize("name", [*photos.SCIKIT_IMAGE, *photos.TEMPLATES])
def test_every_named_photo_is_installed(name):
    assert photos.pixels(name).shape[2] == 3


def test_an_unknown_photo_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="astronaut"):
        photos.photo("astronot")


@pytest.mark.parametrize("name", photos.FACES)
def test_a_patch_lies_inside_its_photo(name):
    assert np.asarray(photos.face_patch(name, 64)[0]).min(axis=(1, 2)).any()  # beyond the border there is only black


def test_collage_puts_faces_of_the_given_heights_apart():
    heights = [40, 160, 96, 40, 120]
    image, faces = photos.collage(heights, size=(800, 600))
    assert image.size == (800, 600)
    for height, (_, y0, _, y1) in zip(heights, faces, strict=True):
        assert abs(y1 - y0 - height) <= 1
    for i, a in enumerate(faces):
        for b in faces[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_collage_is_the_same_every_time():
    first, second = (np.asarray(photos.collage([64, 64]).image) for _ in range(2))
    assert np.array_equal(first, second)


def test_faces_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        photos.collage([400, 400], size=(512, 512))
