"""YAML text → RuleSet. Which column each rule decides is masking.coverage's question, not ours."""
