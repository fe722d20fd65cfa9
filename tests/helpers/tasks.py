"""Tasks as the config makes them."""

from robust_mer.metrics.registry import METRICS
from robust_mer.settings import Plugin
from robust_mer.tasks.classification import Classification, ClassificationSettings
from robust_mer.tasks.registry import TASKS


def task(name="classification", **settings):
    """A task with complete settings, as a plan names it to jobs."""
    implementation = TASKS[name]
    built = Plugin(implementation, settings).build()
    return Plugin(implementation, built.settings.model_dump())


def metrics(*names):
    """Metrics by their names in the config."""
    return tuple(Plugin(METRICS[name], {}) for name in names)


def classes(names):
    """A classification that knows its classes."""
    return Classification(ClassificationSettings(), names)


CLASSIFICATION = task()
WA_UA = metrics("wa", "ua")
