"""Settings of the baselines without a network."""

from typing import Annotated, ClassVar

from pydantic import Field

from robust_mer.models.settings import ModelSettings

Strength = Annotated[float, Field(gt=0, le=1e9)]


class MajoritySettings(ModelSettings):
    """The majority class has none."""

    implementation: ClassVar[str] = "robust_mer.models.baselines.majority:Majority"
    trained_on_clean: ClassVar[bool] = True


class LogisticRegressionSettings(ModelSettings):
    """Logistic regression by scikit-learn."""

    implementation: ClassVar[str] = (
        "robust_mer.models.baselines.logistic_regression:LogisticRegression"
    )

    strengths: list[Strength] = Field(default=[0.0001, 0.001, 0.01, 0.1, 1.0], min_length=1)
    """Inverse strengths of regularisation; the one that does best on validation data is taken."""
    max_iterations: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """Of the solver."""
