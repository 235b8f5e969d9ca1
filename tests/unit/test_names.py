"""The names a car advertises; the examples are the teslabtapi documentation's and the SDK's."""

from fob import names


def test_the_hashed_name_has_one_of_four_last_letters():
    assert names.of("5YJS0000000000000")[:4] == [
        b"S1a87a5a75f3df858C",
        b"S1a87a5a75f3df858R",
        b"S1a87a5a75f3df858D",
        b"S1a87a5a75f3df858P",
    ]


def test_the_newer_name_ends_with_the_last_six_of_the_vin():
    assert names.of("5YJ3E1EA1KF130307")[4:] == [b"Tesla 130307"]


def test_each_car_has_names_of_its_own():
    ours, theirs = names.of("5YJ3E1EA1KF000000"), names.of("5YJ3E1EA1KF000001")
    assert not set(ours) & set(theirs)
