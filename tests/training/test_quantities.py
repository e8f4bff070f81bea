"""Numbers are read with their units."""

import pytest

from training.quantities import quantities


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("16 to 24 volts AC", ["16 volt", "24 volt"]),
        ("from 1 3/8 to 2 1/4 inches", ["1 3/8 inch", "2 1/4 inch"]),
        ("$6.99 a month, or 6,99 $ in Quebec", ["$6.99", "$6.99"]),
        ("hold it for ten seconds, with two screws", ["10 second"]),
        ("a 30-day trial and a forty-five day return", ["30 day", "45 day"]),
        ("send these two to us, within one business day", ["1 business day"]),
        ("2.4 or 5 GHz", ["2.4 gigahertz", "5 gigahertz"]),
        ("within 5 business days", ["5 business day"]),
        ("1,800 watts below 113°F", ["1800 watt", "113 degree"]),
        ("8 a.m. to 8 p.m.", ["8 a.m.", "8 p.m."]),
        ("IP65, WPA3, on the 2nd floor", []),
        ("BE-1, $499", ["1", "$499"]),
        ("1. Open it.\n2. Close it.", []),
        ("128 devices", ["128"]),
        ("$12.00", ["$12"]),
    ],
)
def test_a_number_is_read_with_its_unit(text: str, found: list[str]) -> None:
    assert [str(quantity) for quantity in quantities(text)] == found
