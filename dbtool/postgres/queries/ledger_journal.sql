-- What the revision's attempts have committed, or may have, since it was last applied.
SELECT run_id, revision, ordinal, digest, effect, begun_at, done_at
FROM dbtool.journal
WHERE revision = %(revision)s
    AND NOT (done_at IS NULL AND effect = 'failed')
    AND begun_at > coalesce(
        (SELECT max(at) FROM dbtool.ledger WHERE revision = %(revision)s AND event IN ('finish', 'adopted')),
        '-infinity'
    )
ORDER BY number
