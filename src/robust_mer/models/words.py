"""What the models say of themselves. Wording is in no code identity."""

LATENT_UNUSED = (
    "z carries nothing: {units} of its units vary between utterances, and {share:.1%} of the "
    "variance of the joint representation comes from it. Likely reason: {reason}"
)
DROPOUT = (
    "dropout makes {noise:.0%} of what the mean of its posterior varies by in training; lower "
    "dropout_transformer"
)
KL = "its KL divergence costs more than z is worth; lower weight_kl, or set kl to none"
NO_KL = "the decoder does without it, since no KL divergence makes it costly"
