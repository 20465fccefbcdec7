"""Every setting of a model and of its training, as frozen dataclasses. No torch here: light commands read configs.

Each `Literal` lists the entries of one registry; `tests/test_architecture.py` keeps the two equal.
"""

from tfcli.config.choices import Engine as Engine
from tfcli.config.choices import MapFormat as MapFormat
from tfcli.config.choices import MapKind as MapKind
from tfcli.config.choices import Stage as Stage
from tfcli.config.confidence import Confidence as Confidence
from tfcli.config.data import CorpusConfig as CorpusConfig
from tfcli.config.data import DataConfig as DataConfig
from tfcli.config.data import NoiseConfig as NoiseConfig
from tfcli.config.data import TokenizerConfig as TokenizerConfig
from tfcli.config.data import TokenizerKind as TokenizerKind
from tfcli.config.model import PRESETS as PRESETS
from tfcli.config.model import Activation as Activation
from tfcli.config.model import Cross as Cross
from tfcli.config.model import Kernel as Kernel
from tfcli.config.model import ModelConfig as ModelConfig
from tfcli.config.model import ModelKind as ModelKind
from tfcli.config.model import Norm as Norm
from tfcli.config.model import Positions as Positions
from tfcli.config.model import Preset as Preset
from tfcli.config.model import Residual as Residual
from tfcli.config.stages import Recipe as Recipe
from tfcli.config.stages import StageConfig as StageConfig
from tfcli.config.training import Metric as Metric
from tfcli.config.training import Objective as Objective
from tfcli.config.training import Optimizer as Optimizer
from tfcli.config.training import Precision as Precision
from tfcli.config.training import RewardConfig as RewardConfig
from tfcli.config.training import RewardMetric as RewardMetric
from tfcli.config.training import SamplingConfig as SamplingConfig
from tfcli.config.training import Schedule as Schedule
from tfcli.config.training import TrainingConfig as TrainingConfig
from tfcli.config.vocabulary import BOS as BOS
from tfcli.config.vocabulary import EOS as EOS
from tfcli.config.vocabulary import PAD as PAD
from tfcli.config.vocabulary import PLACEHOLDERS as PLACEHOLDERS
from tfcli.config.vocabulary import UNK as UNK
