"""What claims, orderings and the audit may say of a row: values in their csv files."""

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
UNDECIDABLE = "undecidable"
NOT_COMPARABLE = "not comparable"
NOT_RUN = "not run"

AGREES, CONTRADICTS, UNDECIDED = "agrees", "contradicts", "undecided"

OK, NOTE, WARNING, PROBLEM, NOT_KNOWN = "ok", "note", "warning", "problem", "not known"
