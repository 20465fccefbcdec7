"""From a number to a shade: a ramp whose steps look equally large, and letters for where there is no colour.

The ramp is a straight line in Oklab (Ottosson 2020), from a pale yellow to a dark blue: its lightness falls evenly, so
it also works in grey and for people who do not see all colours.
"""

import numpy as np

from tfcli.attention_maps.attention_map import Array
from tfcli.config import Stage

RGB = tuple[int, int, int]

_LIGHTNESS, _CHROMA, _HUE = (0.98, 0.36), (0.05, 0.13), (100.0, 265.0)  # at 0 and at 1; hue in degrees
_SHADES = " ░▒▓█"


def parts(values: Array, stage: Stage) -> Array:
    """How far along the ramp each value is, 0 to 1: weights from nothing to the greatest weight there is, scores from
    the least to the greatest."""
    low = 0.0 if stage == "weights" else values.min()
    return (values - low) / max(values.max() - low, 1e-9)


def color(part: float) -> RGB:
    """The colour at `part` of the ramp, 0 to 1, in sRGB."""
    lightness, chroma, hue = (low + (high - low) * part for low, high in (_LIGHTNESS, _CHROMA, _HUE))
    a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (round(255 * _gamma(min(max(float(value), 0.0), 1.0))) for value in linear)
    return red, green, blue


def ink(part: float) -> RGB:
    """What can be read on that colour: black or white."""
    return (0, 0, 0) if part < 0.69 else (255, 255, 255)


def shade(part: float) -> str:
    """One character that is the darker the larger the part."""
    return _SHADES[min(int(part * len(_SHADES)), len(_SHADES) - 1)]


def to_hex(rgb: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
