"""How the model knows the order of its input: one class per idea, all with the same three hooks."""

from tfcli.transformer.positions.absolute import Learned, Sinusoidal
from tfcli.transformer.positions.continuous import Continuous
from tfcli.transformer.positions.positions import Positions
from tfcli.transformer.positions.relative import Relative, RelativeScale, Shaw
from tfcli.transformer.positions.rotary import Rotary

POSITIONS: dict[str, type[Positions]] = {
    "none": Positions,
    "sinusoidal": Sinusoidal,
    "learned": Learned,
    "relative": Relative,
    "relative_scale": RelativeScale,
    "shaw": Shaw,
    "rotary": Rotary,
    "continuous": Continuous,
}
