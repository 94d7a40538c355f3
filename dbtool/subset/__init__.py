"""(Catalog, SourceFacts, rules) → graph → walk → Selection → SubsetPlan. Which rows are copied; pure."""
