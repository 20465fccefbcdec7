"""What a model is trained for, chosen by name."""

from tfcli.training.objectives.minimum_risk import MinimumRisk
from tfcli.training.objectives.non_autoregressive import NonAutoregressive
from tfcli.training.objectives.objective import Objective
from tfcli.training.objectives.scheduled_sampling import ParallelScheduledSampling, ScheduledSampling
from tfcli.training.objectives.sequence_reward import SequenceReward
from tfcli.training.objectives.teacher_forcing import TeacherForcing

OBJECTIVES: dict[str, type[Objective]] = {
    "teacher_forcing": TeacherForcing,
    "scheduled_sampling": ScheduledSampling,
    "parallel_scheduled_sampling": ParallelScheduledSampling,
    "sequence_reward": SequenceReward,
    "minimum_risk": MinimumRisk,
    "non_autoregressive": NonAutoregressive,
}
