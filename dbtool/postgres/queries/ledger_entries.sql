SELECT number, at, event, target, run_id, revision, digest, actor, git_commit, evidence_id, duration_s, detail
FROM dbtool.ledger
ORDER BY number
