"""What was done in an attack, in words."""

import pytest

from swatlib.plots.attack_words import attack_words


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("LIT101 ramp +1", "LIT101 ramped up by 1 mm/s"),
        ("FIT601 ramp -0.01 for 60", "FIT601 ramped down by 0.01 m³/h per s for 60 s"),
        ("LIT301 spoof 1200 after 30", "LIT301 spoofed to 1200 mm after 30 s"),
        ("P101 force off; P102 force off", "P101 and P102 forced off"),
        ("MV101 force open; LIT101 freeze", "MV101 forced open, LIT101 frozen"),
        ("LIT101 bias -5", "LIT101 shifted down by 5 mm"),
        ("LIT101 noise 3", "LIT101 disturbed by noise of 3 mm"),
        ("LIT101 replay 3600", "LIT101 replayed from 60 min before"),
        ("AIT202 slow 30", "AIT202 smoothed over 30 s"),
        ("P602 wash", "P602 made to start a backwash"),
        ("SPOOF LIT401 = 1000, FORCE P402 on", "LIT401 spoofed to 1000 mm, P402 forced on"),
        ("a text of one's own", "a text of one's own"),
    ],
)
def test_effects_and_lines_of_the_official_list_are_put_into_words(action, words):
    assert attack_words(action) == words


def test_without_an_action_the_points_are_named():
    assert [attack_words("", "P101;P102"), attack_words("")] == ["P101, P102", "no action is known"]
