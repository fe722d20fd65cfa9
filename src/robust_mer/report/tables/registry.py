"""Tables of results by name: one line each."""

from collections.abc import Mapping

from robust_mer.report.layouts import PAPERS_ENCODING, Layout
from robust_mer.report.layouts import tables_of as layouts_of
from robust_mer.report.spec import Experiment, Facts
from robust_mer.settings import Plugin, load

TABLES = {
    "average": "robust_mer.report.tables.average:AverageTable",
    "people": "robust_mer.report.tables.people:PeopleTable",
    "conditions": "robust_mer.report.tables.conditions:ConditionsTable",
    "protocols": "robust_mer.report.tables.protocols:ProtocolsTable",
    "robustness": "robust_mer.report.tables.robustness:RobustnessTable",
    "rankings": "robust_mer.report.tables.rankings:RankingsTable",
    "targets": "robust_mer.report.tables.targets:TargetsTable",
    "comparisons": "robust_mer.report.tables.comparisons:ComparisonsTable",
    "reliability": "robust_mer.report.tables.reliability:ReliabilityTable",
    "sets": "robust_mer.report.tables.sets:SetsTable",
    "claims": "robust_mer.report.tables.claims:ClaimsTable",
    "orderings": "robust_mer.report.tables.claims:OrderingsTable",
    "tuning": "robust_mer.report.tables.tuning:TuningTable",
    "peeking": "robust_mer.report.tables.peeking:PeekingTable",
    "audit": "robust_mer.report.tables.audit:AuditTable",
    "raw": "robust_mer.report.tables.raw:RawTable",
}
"""``"module:Class"`` of every `robust_mer.report.tables.base.ResultTable` with no settings."""

PAPER_TABLE = "robust_mer.report.tables.papers:PaperTable"
"""The table in a paper's layout, one for each layout."""


def tables_of(
    experiment: Experiment,
    facts: Facts,
    layouts: Mapping[str, Layout],
    own: Mapping[str, Plugin] | None = None,
) -> dict[str, Plugin]:
    """The tables that make sense of an experiment, by name, in the order of the page.

    Args:
        experiment: The experiment.
        facts: What else is known of it.
        layouts: Of the papers' tables, by name.
        own: Tables of the user's own, by name.
    """
    names = []
    if experiment.predicts.encoding == PAPERS_ENCODING:
        names = layouts_of(layouts, experiment.models, experiment.evaluations)
    tables = {name: Plugin(implementation, {}) for name, implementation in TABLES.items()}
    tables |= {name: Plugin(PAPER_TABLE, {"layout": name}) for name in names}
    tables |= own or {}
    return {
        name: table
        for name, table in tables.items()
        if load(table.implementation).applies(experiment, facts)
    }
