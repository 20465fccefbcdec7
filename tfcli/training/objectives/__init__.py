"""What a model is trained for, chosen by name."""

from tfcli.training.objectives.objective import Objective
from tfcli.training.objectives.teacher_forcing import TeacherForcing

OBJECTIVES: dict[str, type[Objective]] = {"teacher_forcing": TeacherForcing}
