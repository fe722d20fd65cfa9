"""Models by name, and the settings of a model that the config names."""

from robust_mer.models.settings import ModelSettings
from robust_mer.settings import load

MODELS = {
    "majority": "robust_mer.models.baselines.settings:MajoritySettings",
    "mean": "robust_mer.models.baselines.settings:MeanSettings",
    "logistic_regression": "robust_mer.models.baselines.settings:LogisticRegressionSettings",
    "ridge": "robust_mer.models.baselines.settings:RidgeSettings",
    "unimodal": "robust_mer.models.men.settings:UnimodalSettings",
    "men": "robust_mer.models.men.settings:MENSettings",
    "men_augmented": "robust_mer.models.men.settings:MENAugmentedSettings",
    "men_oracle_drop": "robust_mer.models.men.settings:MENOracleDropSettings",
    "mctn": "robust_mer.models.mctn.settings:MCTNSettings",
    "mctn_oracle": "robust_mer.models.mctn.settings:MCTNOracleSettings",
    "mmin": "robust_mer.models.mmin.settings:MMINSettings",
    "invariance_teacher": "robust_mer.models.mmin.settings:InvarianceTeacherSettings",
    "if_mmin": "robust_mer.models.mmin.settings:IFMMINSettings",
    "nmer": "robust_mer.models.nmer.settings:NMERSettings",
    "nmer_without_vae": "robust_mer.models.nmer.settings:NMERWithoutVAESettings",
    "nmer_without_invariance": "robust_mer.models.nmer.settings:NMERWithoutInvarianceSettings",
    "snr_fusion": "robust_mer.models.snr_fusion.settings:SNRFusionSettings",
    "cm_arr": "robust_mer.models.cm_arr.settings:CMARRSettings",
    "momke_experts": "robust_mer.models.momke.settings:MoMKEExpertsSettings",
    "momke": "robust_mer.models.momke.settings:MoMKESettings",
    "mplmm_backbone": "robust_mer.models.mplmm.settings:MPLMMBackboneSettings",
    "mplmm": "robust_mer.models.mplmm.settings:MPLMMSettings",
}
"""``module:SettingsClass`` by the name that the config gives; these modules import no torch.

Your own model needs no line here: the config names its class as ``module:Class``.
"""


def settings_class(name: str) -> type[ModelSettings]:
    """The settings of a model. They hold what planning must know of it.

    Args:
        name: A key of `MODELS`, or ``module:Class`` of the user's own model. Then its module is
            imported, and torch with it.
    """
    return load(MODELS[name]) if name in MODELS else load(name).settings_class


def implementation(name: str) -> str:
    """``module:Class`` of a model; see `settings_class`."""
    return settings_class(name).implementation if name in MODELS else name
