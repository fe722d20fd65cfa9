"""Protocols by the name that an experiment gives, or by the first word of it."""

PROTOCOLS = {
    "partial": "robust_mer.protocols.partial:Partial",
    "every": "robust_mer.protocols.every:Every",
    "none": "robust_mer.protocols.none_clean:NoneClean",
    "fixed": "robust_mer.protocols.fixed:Fixed",
    "random": "robust_mer.protocols.random_rate:RandomRate",
    "natural": "robust_mer.protocols.natural:Natural",
    "shares": "robust_mer.protocols.shares:Shares",
    "rates": "robust_mer.protocols.rates:Rates",
}
