"""(Catalog, RuleSet, ProjectKey) → coverage → uniqueness → compiled masks per relation. No connection in sight."""
