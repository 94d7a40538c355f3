"""What makes the shop hard, each with a query that gives true, and with a statement that takes it away."""

from __future__ import annotations

from dataclasses import dataclass

_SETTLEMENTS = "public.settlements_of_the_marketplace_with_sellers_by_payment_provider"


@dataclass(frozen=True, slots=True)
class Feature:
    """``asked`` gives one boolean; ``undone`` takes the feature away."""

    name: str
    asked: str
    undone: str


FEATURES = (
    Feature(
        "payments in a partition for each month, and a default one",
        """
        SELECT partstrat = 'r' AND count(*) FILTER (WHERE lower(bound) + interval '1 month' = upper(bound)) = 36
            AND count(*) FILTER (WHERE bound IS NULL) = 1
        FROM pg_partitioned_table, (
            SELECT CASE WHEN text ~ 'FROM' THEN tstzrange(
                substring(text FROM $$FROM \\('(.*?)'$$)::timestamptz, substring(text FROM $$TO \\('(.*?)'$$)::timestamptz) END AS bound
            FROM pg_inherits JOIN pg_class ON oid = inhrelid, pg_get_expr(relpartbound, oid) AS text
            WHERE inhparent = 'public.payments'::regclass
        ) AS parts
        WHERE partrelid = 'public.payments'::regclass GROUP BY partstrat
        """,
        "DROP TABLE public.payments_2024_02",
    ),
    Feature(
        "a table partitioned by hash on an enum",
        """
        SELECT count(*) > 1 FROM pg_partitioned_table
        JOIN pg_attribute ON attrelid = partrelid AND attnum = ANY (partattrs)
        JOIN pg_type ON pg_type.oid = atttypid AND typtype = 'e'
        JOIN pg_inherits ON inhparent = partrelid
        WHERE partstrat = 'h'
        """,
        "DROP TABLE public.messages",
    ),
    Feature(
        "a cycle of foreign keys that are NOT NULL on both sides",
        """
        SELECT count(*) > 0 FROM pg_constraint AS a JOIN pg_constraint AS b
            ON (a.conrelid, a.confrelid) = (b.confrelid, b.conrelid) AND a.conrelid < b.conrelid
        WHERE a.contype = 'f' AND b.contype = 'f' AND (
            SELECT bool_and(attnotnull) FROM pg_attribute
            WHERE (attrelid = a.conrelid AND attnum = ANY (a.conkey)) OR (attrelid = b.conrelid AND attnum = ANY (b.conkey)))
        """,
        "ALTER TABLE public.suppliers ALTER main_contact_id DROP NOT NULL",
    ),
    Feature(
        "cycles that overlap in a table",
        """
        SELECT count(DISTINCT a.confrelid) > 1 FROM pg_constraint AS a JOIN pg_constraint AS b
            ON (a.conrelid, a.confrelid) = (b.confrelid, b.conrelid) AND a.conrelid <> a.confrelid
        WHERE a.contype = 'f' AND b.contype = 'f' AND a.conrelid = 'public.suppliers'::regclass
        """,
        "ALTER TABLE public.products DROP CONSTRAINT products_supplier_id_fkey",
    ),
    Feature(
        "categories as a tree of three levels",
        """
        SELECT EXISTS (
            SELECT FROM public.categories AS a JOIN public.categories AS b ON b.parent_id = a.id
            JOIN public.categories AS c ON c.parent_id = b.id
        ) AND EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'public.categories'::regclass AND confrelid = conrelid)
        """,
        "ALTER TABLE public.categories DROP CONSTRAINT categories_parent_id_fkey",
    ),
    Feature(
        "quoted names in mixed case, with blanks, quotes and per cent signs",
        """
        SELECT bool_or(relname ~ '[A-Z]' AND relname ~ ' ' AND attname ~ '"') AND bool_or(attname ~ '%')
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        """,
        """ALTER TABLE public."Gift Cards" RENAME "Value in %" TO value""",
    ),
    Feature(
        "citext under a unique constraint",
        """
        SELECT count(*) > 0 FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
        WHERE contype = 'u' AND atttypid = 'public.citext'::regtype
        """,
        "ALTER TABLE public.subscribers DROP CONSTRAINT subscribers_email_key",
    ),
    Feature(
        "a domain with a CHECK, in use",
        """
        SELECT count(*) > 0 FROM pg_constraint JOIN pg_attribute ON atttypid = contypid
        WHERE contype = 'c' AND attrelid::regclass::text NOT LIKE 'information_schema%'
        """,
        "ALTER DOMAIN public.vat_number DROP CONSTRAINT vat_number_check",
    ),
    Feature(
        "enums",
        "SELECT count(*) >= 3 FROM pg_type WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace",
        "DROP TYPE public.absence_kind CASCADE",
    ),
    Feature(
        "ranges under exclusion constraints, which hold rows",
        """
        SELECT count(*) = 2 AND (SELECT count(*) > 1 FROM public.absences) FROM pg_constraint WHERE contype = 'x'
        """,
        "ALTER TABLE public.absences DROP CONSTRAINT absences_nobody_is_away_twice",
    ),
    Feature(
        "generated columns",
        "SELECT count(*) >= 2 FROM pg_attribute WHERE attgenerated = 's'",
        "ALTER TABLE public.subscribers ALTER mail_host DROP EXPRESSION",
    ),
    Feature(
        "arrays of e-mail addresses, with elements that are NULL",
        """
        SELECT bool_or(address ~ '@') AND bool_or(address IS NULL) FROM public.suppliers, unnest(copies_to) AS address
        """,
        "UPDATE public.suppliers SET copies_to = array_remove(copies_to, NULL)",
    ),
    Feature(
        "jsonb with personal data three levels deep, in objects and in arrays",
        """
        SELECT bool_or(payload #>> '{customer,contact,email}' ~ '@') AND bool_or(payload #>> '{conversation,0,by,email}' ~ '@')
        FROM public.support_tickets
        """,
        "UPDATE public.support_tickets SET payload = payload #- '{customer,contact,email}'",
    ),
    Feature(
        "views, one upon another, and one that depends on a primary key",
        """
        SELECT count(*) >= 3 AND EXISTS (
            SELECT FROM pg_depend WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_constraint'::regclass
        ) AND pg_get_viewdef('public.cases'::regclass) ~ 'customer_overview'
        FROM pg_views WHERE schemaname = 'public'
        """,
        "DROP VIEW public.supplier_overview",
    ),
    Feature(
        "a materialised view upon a materialised view, with rows that hold names",
        """
        SELECT count(DISTINCT lower.oid) = 1 AND (SELECT bool_or(full_name ~ ' ') FROM public.contact_directory)
        FROM pg_class AS upper JOIN pg_rewrite ON ev_class = upper.oid
        JOIN pg_depend ON classid = 'pg_rewrite'::regclass AND objid = pg_rewrite.oid
        JOIN pg_class AS lower ON lower.oid = refobjid AND lower.oid <> upper.oid
        WHERE upper.relkind = 'm' AND upper.relispopulated AND lower.relkind = 'm' AND lower.relispopulated
        """,
        "DROP MATERIALIZED VIEW public.contacts_by_mail_host",
    ),
    Feature(
        "triggers that would fire: one changes the row, one writes another table, one fires always",
        """
        SELECT count(*) >= 2 AND bool_or(tgenabled = 'A') AND bool_or(tgtype & 2 = 2)
            AND (SELECT bool_and(changes = 1) FROM public.suppliers)
            AND (SELECT count(*) FROM public.subscriber_history) > (SELECT count(*) FROM public.subscribers)
        FROM pg_trigger WHERE NOT tgisinternal
        """,
        "DROP TRIGGER suppliers_count_changes ON public.suppliers",
    ),
    Feature(
        "row-level security with a policy",
        """
        SELECT count(*) = 1 FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid WHERE relrowsecurity
        """,
        "ALTER TABLE public.support_tickets DISABLE ROW LEVEL SECURITY",
    ),
    Feature(
        "inheritance, with rows in both tables",
        """
        SELECT count(*) = 1 AND (SELECT count(*) > 0 FROM ONLY public.documents) AND (SELECT count(*) > 0 FROM public.contracts)
        FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE relkind = 'r' AND NOT relispartition
        """,
        "ALTER TABLE public.contracts NO INHERIT public.documents",
    ),
    Feature(
        "a table without a key, with rows that are there twice",
        """
        SELECT NOT EXISTS (SELECT FROM pg_index WHERE indrelid = 'public.subscriber_history'::regclass)
            AND EXISTS (SELECT FROM public.subscriber_history AS row GROUP BY row.* HAVING count(*) > 1)
        """,
        "CREATE INDEX ON public.subscriber_history (email)",
    ),
    Feature(
        "foreign keys to a UNIQUE that is no primary key, one of two columns",
        """
        SELECT count(*) >= 2 AND bool_or(cardinality(conkey) = 2) FROM pg_constraint JOIN pg_index ON indexrelid = conindid
        WHERE contype = 'f' AND indisunique AND NOT indisprimary
        """,
        "ALTER TABLE public.loyalty_cards DROP CONSTRAINT loyalty_cards_customer_fkey",
    ),
    Feature(
        "deferrable keys: foreign ones, initially deferred ones, and a UNIQUE",
        """
        SELECT bool_or(contype = 'f' AND condeferred) AND bool_or(contype = 'f' AND NOT condeferred) AND bool_or(contype = 'u')
        FROM pg_constraint WHERE condeferrable
        """,
        "ALTER TABLE public.categories DROP CONSTRAINT categories_parent_id_position_key",
    ),
    Feature(
        "a foreign key that is NOT VALID, with an orphan",
        """
        SELECT count(*) = 1 AND (
            SELECT count(*) = 1 FROM public.support_tickets AS ticket
            WHERE NOT EXISTS (SELECT FROM public.orders WHERE id = ticket.order_id) AND order_id IS NOT NULL
        ) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated
        """,
        "DELETE FROM public.support_tickets WHERE order_id NOT IN (SELECT id FROM public.orders)",
    ),
    Feature(
        "comments with personal data",
        """
        SELECT count(*) >= 2 FROM pg_description WHERE classoid = 'pg_class'::regclass AND description ~ '[a-z]@[a-z]'
        """,
        "COMMENT ON TABLE public.supplier_contacts IS 'their contacts'",
    ),
    Feature(
        "a CHECK with personal data",
        "SELECT count(*) = 1 FROM pg_constraint WHERE contype = 'c' AND conbin IS NOT NULL AND pg_get_constraintdef(oid) ~ '[a-z]@[a-z]'",
        "ALTER TABLE public.subscribers DROP CONSTRAINT subscribers_email_check",
    ),
    Feature(
        "names of 63 bytes: of a table, a column and a constraint, and letters of several bytes",
        """
        SELECT count(DISTINCT kind) = 3 AND bool_or(length(name) < 63) FROM (
            SELECT 'table' AS kind, relname::text AS name FROM pg_class WHERE relkind = 'r'
            UNION ALL SELECT 'column', attname::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid AND relkind = 'r'
            UNION ALL SELECT 'constraint', conname::text FROM pg_constraint WHERE contype = 'u'
        ) AS names
        WHERE octet_length(name) = 63
        """,
        f"ALTER TABLE {_SETTLEMENTS} RENAME TO settlements",
    ),
    Feature(
        "an unlogged table with rows",
        "SELECT count(*) = 1 AND (SELECT count(*) > 0 FROM public.carts) FROM pg_class WHERE relkind = 'r' AND relpersistence = 'u'",
        "ALTER TABLE public.carts SET LOGGED",
    ),
    Feature(
        "large objects that rows point to",
        "SELECT count(*) = 5 FROM public.product_manuals JOIN pg_largeobject_metadata ON oid = file",
        "SELECT lo_unlink(file) FROM public.product_manuals LIMIT 1",
    ),
    Feature(
        "a sequence that two tables share, and one that goes down",
        """
        SELECT (
            SELECT count(DISTINCT adrelid) = 2 FROM pg_attrdef JOIN pg_depend ON objid = pg_attrdef.oid
            WHERE classid = 'pg_attrdef'::regclass AND refobjid = 'public.case_numbers'::regclass
        ) AND (SELECT count(*) = 1 FROM pg_sequence WHERE seqincrement < 0)
        """,
        "ALTER TABLE public.returns ALTER case_no DROP DEFAULT",
    ),
    Feature(
        "references that no key declares, one to several tables",
        """
        SELECT count(DISTINCT about_kind) = 2 FROM public.documents
        WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid IN ('public.documents'::regclass, 'public.contracts'::regclass))
        """,
        "DELETE FROM public.contracts",
    ),
)
