"""What a reader is told of a translated text: its score, how sure the model is, what may be wrong."""

from tfcli.config.confidence import Confidence
from tfcli.decoding.alternatives import list_alternatives
from tfcli.decoding.hypothesis import mean_score
from tfcli.decoding.segments import Job, Reading, join
from tfcli.decoding.translation import FLAGS, Flag, Translation
from tfcli.errors import UsageError
from tfcli.text.languages import Language
from tfcli.text.repetition import is_loop


class Judge:
    """confidence: what the scores of the model are worth. flag_below: translations of less confidence are flagged as
    unsure; None: the model's own threshold. alternatives: so many translations are wanted of each text. UsageError if
    the model has no confidence to compare with flag_below."""

    def __init__(
        self,
        source: Language,
        target: Language,
        confidence: Confidence,
        flag_below: float | None,
        alternatives: int = 1,
    ):
        if flag_below and not confidence.is_measured:
            hint = "measure it with   tfcli evaluate DEV.tsv --calibrate"
            raise UsageError("nobody has measured how sure this model may be", hint)
        self.source, self.target, self.confidence, self.alternatives = source, target, confidence, alternatives
        self.flag_below = confidence.threshold if flag_below is None else flag_below

    def finish(self, job: Job) -> Translation:
        """What became of a text."""
        if not job.source.strip():
            return Translation(job.source, job.source)
        readings, text = job.readings, self._write(job)
        hypotheses = [reading.hypothesis for reading in readings]
        confidence = None
        if self.confidence.is_measured and hypotheses:
            confidence = min(self.confidence.of(hypothesis.score) for hypothesis in hypotheses)
        unknown = sum(reading.unknown_tokens for reading in readings)
        return Translation(
            job.source,
            text,
            mean_score(hypotheses),
            sum(len(reading.ids) for reading in readings),
            sum(len(hypothesis.ids) for hypothesis in hypotheses),
            self._flags(job, text, confidence),
            unknown,
            confidence,
            list_alternatives(job, self.alternatives, self._write),
        )

    def _write(self, job: Job) -> str:
        return join(job, self.source, self.target)

    def _flags(self, job: Job, text: str, confidence: float | None) -> tuple[Flag, ...]:
        readings, losses = job.readings, [segment.losses for segment in job.segments]
        is_cut = any(segment.is_hard for segment in job.segments) or any(reading.is_cut for reading in readings)
        ended = all(reading.hypothesis.finished or reading.hypothesis.looped for reading in readings)
        found: dict[Flag, bool] = {
            "loop": any(map(self._is_loop, readings)),
            "cut": is_cut or not ended,
            "empty": not text.strip(),
            "placeholder": any(loss.names for loss in losses),
            "number": any(loss.num_numbers for loss in losses),
            "glossary": any(loss.terms for loss in losses),
            "unsure": confidence is not None and confidence < self.flag_below,
            "unknown": any(reading.unknown_tokens for reading in readings),
        }
        return tuple(flag for flag in FLAGS if flag in job.flags or found.get(flag))

    def _is_loop(self, reading: Reading) -> bool:
        languages = self.source.code, self.target.code
        return reading.hypothesis.looped or is_loop(reading.protected.text, reading.masked, languages)
