"""What the models say of themselves. Wording is in no code identity."""

LATENT_DROWNED = (
    "z learns nothing of the input: dropout makes {noise:.0%} of what the mean of its posterior "
    "varies by in training, the utterances {signal:.0%}. Lower dropout_transformer"
)
_UNUSED = (
    "z carries nothing: {units} of its units vary between utterances, and {share:.1%} of the "
    "variance of the joint representation comes from it"
)
LATENT_UNUSED = (
    f"{_UNUSED}. Its KL divergence costs more than z is worth: lower weight_kl, or set kl to none"
)
LATENT_UNUSED_WITHOUT_KL = f"{_UNUSED}, though no KL divergence keeps it from doing so"
