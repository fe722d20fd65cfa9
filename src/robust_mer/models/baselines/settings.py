"""Settings of the baselines without a network."""

from typing import Annotated, ClassVar

from pydantic import Field

from robust_mer.models.settings import ModelSettings

Strength = Annotated[float, Field(gt=0, le=1e9)]


class MajoritySettings(ModelSettings):
    """The frequencies of the training part have none."""

    implementation: ClassVar[str] = "robust_mer.models.baselines.majority:Majority"
    encodings: ClassVar[tuple[str, ...]] = ("class", "label")
    trained_on_clean: ClassVar[bool] = True


class MeanSettings(ModelSettings):
    """The mean of the training part has none."""

    implementation: ClassVar[str] = "robust_mer.models.baselines.mean:Mean"
    encodings: ClassVar[tuple[str, ...]] = ("number",)
    trained_on_clean: ClassVar[bool] = True


class LogisticRegressionSettings(ModelSettings):
    """Logistic regression by scikit-learn."""

    implementation: ClassVar[str] = (
        "robust_mer.models.baselines.logistic_regression:LogisticRegression"
    )
    encodings: ClassVar[tuple[str, ...]] = ("class", "label")

    strengths: list[Strength] = Field(default=[0.0001, 0.001, 0.01, 0.1, 1.0], min_length=1)
    """Inverse strengths of regularisation; the one that does best on validation data is taken."""
    max_iterations: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """Of the solver."""


class RidgeSettings(ModelSettings):
    """Ridge regression by scikit-learn."""

    implementation: ClassVar[str] = "robust_mer.models.baselines.ridge:Ridge"
    encodings: ClassVar[tuple[str, ...]] = ("number",)

    strengths: list[Strength] = Field(default=[1.0, 10.0, 100.0, 1e3, 1e4, 1e5], min_length=1)
    """Strengths of regularisation; the one that does best on validation data is taken."""
