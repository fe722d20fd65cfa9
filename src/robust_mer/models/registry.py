"""Model classes by name: one line each."""

from typing import NamedTuple


class ModelClass(NamedTuple):
    """What the workflow must know of a model before it imports it."""

    implementation: str
    trained_on_clean: bool = False  # the corruptions are met in the test only
    teacher: str | None = None  # class that must be trained first, on clean data
    modalities: int | None = None  # how many it takes; None: any number
    given_mask: bool = False  # is told which modalities are noisy; never ranked with the blind
    reconstructs: bool = False  # rebuilds a missing modality's own representation


# Of the hyperparameters that every model has: (lowest, highest), or the values to choose from.
OPTIMISATION_LIMITS = {
    "optimiser": ["adam", "adamw"],
    "learning_rate": (1e-9, 10),
    "beta1": (0, 0.9999),
    "weight_decay": (0, 10),
    "batch_size": (1, 1_000_000),
    "epochs_constant": (0, 1_000_000),
    "epochs_falling": (0, 1_000_000),
    "clip_norm": (1e-9, 1e9),
    "dropout": (0, 0.999),
}

MODELS = {
    "majority": ModelClass("robust_mer.models.majority:Majority", trained_on_clean=True),
    "logistic_regression": ModelClass("robust_mer.models.logistic_regression:LogisticRegression"),
    "unimodal": ModelClass("robust_mer.models.unimodal:Unimodal", modalities=1),
    "men": ModelClass("robust_mer.models.men:MEN", trained_on_clean=True),
    "men_augmented": ModelClass("robust_mer.models.men_augmented:MENAugmented"),
    "men_oracle_drop": ModelClass(
        "robust_mer.models.men_oracle_drop:MENOracleDrop", given_mask=True
    ),
    "mctn": ModelClass("robust_mer.models.mctn:MCTN"),
    "mctn_oracle": ModelClass("robust_mer.models.mctn_oracle:MCTNOracle", given_mask=True),
    "mmin": ModelClass("robust_mer.models.mmin:MMIN", teacher="men"),
    "invariance_teacher": ModelClass(
        "robust_mer.models.invariance_teacher:InvarianceTeacher", trained_on_clean=True
    ),
    "if_mmin": ModelClass("robust_mer.models.if_mmin:IFMMIN", teacher="invariance_teacher"),
    "nmer": ModelClass("robust_mer.models.nmer:NMER", teacher="invariance_teacher"),
    "nmer_without_vae": ModelClass(
        "robust_mer.models.nmer_without_vae:NMERWithoutVAE", teacher="invariance_teacher"
    ),
    "nmer_without_invariance": ModelClass(
        "robust_mer.models.nmer_without_invariance:NMERWithoutInvariance",
        teacher="invariance_teacher",
    ),
    "cm_arr": ModelClass("robust_mer.models.cm_arr:CMARR", given_mask=True, reconstructs=True),
}
