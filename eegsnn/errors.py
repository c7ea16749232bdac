"""What can go wrong, as types: an error is for a person, its type is for a program.

Every error derives from :class:`EegsnnError`, so that the command line can turn it into one line;
each also derives from the built-in that NumPy and scikit-learn users expect to catch.
"""


class EegsnnError(Exception):
    """Base of every error that this package raises on purpose."""


class RecordingError(EegsnnError, ValueError):
    """A recording cannot be read or cut: missing, truncated, unknown format, no such event."""


class DataError(EegsnnError, ValueError):
    """Arrays or labels that cannot be used: NaN, wrong shape, one class only, other channels."""


class ConfigurationError(EegsnnError, ValueError):
    """A parameter, pipeline or manifest asks for something that is not allowed."""


class DependencyError(ConfigurationError, ImportError):
    """What is asked for needs a library that is not installed; the message names the extra."""


class FetchError(EegsnnError, RuntimeError):
    """A data set could not be obtained, or what came is not what the manifest promises."""


class ModelFileError(EegsnnError, ValueError):
    """A saved model is missing, truncated, foreign or of an unknown version."""


class ExchangeError(EegsnnError, ValueError):
    """A network cannot be written as NIR without loss, or a NIR file cannot be read or run."""


class TrainingError(EegsnnError, ArithmeticError):
    """Training cannot go on: a parameter, the loss or a gradient became NaN or infinite."""


class WorkerError(EegsnnError, RuntimeError):
    """Folds that run in other processes cannot go on: a worker dies again and again, no answer."""


class EegsnnWarning(UserWarning):
    """Base of every warning that this package gives; the text names the parameter to turn."""


class SilentNetworkWarning(EegsnnWarning):
    """A layer hardly spikes, or spikes at nearly every step: it carries no information."""


class SlewLimitWarning(EegsnnWarning):
    """An encoder could not follow a signal: its reconstruction is not within the threshold."""


class LeakageWarning(EegsnnWarning):
    """The protocol lets information about test data reach training: scores are marked leaky."""


class DataTrapWarning(EegsnnWarning):
    """A property of the data that has fooled people before, declared in a manifest or repaired."""


class ApproximationWarning(EegsnnWarning):
    """A network was exported with something left out; the message says what, and what it costs."""


class InterruptedTrainingWarning(EegsnnWarning):
    """Training was stopped by hand; the model holds the best weights found so far."""
