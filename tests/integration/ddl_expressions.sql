-- Expressions that PostgreSQL prints in its own way: what a dump and a restore may spell anew.
CREATE SCHEMA s;
SET search_path = s;
CREATE TYPE e AS ENUM ('x','y');
CREATE DOMAIN d AS varchar(10) CHECK (value IN ('a','b')) DEFAULT 'a';
CREATE DOMAIN dn AS numeric CHECK (value IN (1, 2.5));
CREATE TABLE t (id int PRIMARY KEY, v varchar(10), c char(3), n name, num numeric(6,2), ts timestamp, en e, arr varchar[], tx text, f float8, b bigint, j jsonb,
    g text GENERATED ALWAYS AS (CASE WHEN v IN ('a','b') THEN 'x' ELSE coalesce(tx,'z') END) STORED,
    CHECK (v IN ('a','b')),
    CHECK (v NOT IN ('q''q', E'\\x')),
    CHECK (c IN ('a','bc')),
    CHECK (n IN ('a','b')),
    CHECK (num IN (1,2.5)),
    CHECK (b IN (1,2)),
    CHECK (f IN (1,2)),
    CHECK (ts IN ('2024-01-01','2024-02-01')),
    CHECK (en IN ('x','y')),
    CHECK (arr <@ array['a','b']::varchar[]),
    CHECK (arr = array['a','b']::varchar[]),
    CHECK (v = ANY('{a,b}')),
    CHECK (v = ANY('{a,b}'::text[])),
    CHECK (tx IN (v, 'b')),
    CHECK (v IN (tx, 'b')),
    CHECK (array[array['a'],array['b']]::varchar[][] IS NOT NULL),
    CHECK (array[v, 'x']::text[] && array[tx]),
    CHECK ((array[v,'z'])[1] = 'q'),
    CHECK (lower(v) IN ('a','b')),
    CHECK (v || 'x' IN ('a', 'b')),
    CHECK (NOT (v IN ('a') OR v IS NULL) AND (num > 1 OR num < 0)),
    CHECK (ts > '2024-01-01'::date),
    CHECK (ts::date IN ('2024-01-01')),
    CHECK (v SIMILAR TO 'a|b'),
    CHECK (v ~* '^(a|b)$'),
    CHECK (j ->> 'k' IN ('a','b')),
    CHECK (j @> '{"a": [1, 2]}'),
    CHECK (v BETWEEN 'a' AND 'b'),
    CHECK ((v, tx) IN (('a','b'))),
    CHECK (INTERVAL '1 day' < ts - '2020-01-01'::timestamp),
    CHECK (EXTRACT(year FROM ts) > 2000),
    CHECK (ts AT TIME ZONE 'UTC' > '2020-01-01'),
    CHECK (v LIKE ANY (array['a%','b%'])),
    CHECK (num = ALL (array[1,2])),
    CHECK (coalesce(v, 'x') IN ('x', 'y')),
    CHECK (TRIM(BOTH FROM v) <> ''),
    CHECK (position('a' IN v) > 0),
    CHECK (SUBSTRING(v FROM 1 FOR 2) <> 'x'),
    CHECK (OVERLAY(v PLACING 'x' FROM 1) <> ''), zz int
);
ALTER TABLE t ALTER v SET DEFAULT 'a', ALTER arr SET DEFAULT array['a','b']::varchar[], ALTER tx SET DEFAULT ('x'::varchar), ALTER c SET DEFAULT 'a', ALTER num SET DEFAULT 1, ALTER ts SET DEFAULT now() - INTERVAL '1 day', ALTER b SET DEFAULT -1, ALTER f SET DEFAULT '-1', ALTER j SET DEFAULT '{}', ALTER n SET DEFAULT current_user;
CREATE INDEX ON t (lower(v)) WHERE v IN ('a','b') AND tx NOT IN ('x');
CREATE INDEX ON t ((CASE WHEN v IN ('a') THEN 1 END), (v || tx));
CREATE UNIQUE INDEX ON t (v varchar_pattern_ops DESC NULLS LAST) INCLUDE (tx) WHERE num IN (1,2);
CREATE INDEX ON t USING GIN (j jsonb_path_ops);
CREATE INDEX ON t USING GIN (to_tsvector('english', tx));
CREATE INDEX ON t USING BRIN (ts) WITH (pages_per_range = 8);
CREATE INDEX ON t USING HASH (v);
CREATE VIEW v1 AS SELECT * FROM t WHERE v IN ('a','b');
CREATE VIEW v2 AS SELECT t1.v, count(*) FILTER (WHERE t1.v IN ('a','b')) AS n, array_agg(DISTINCT t2.v ORDER BY t2.v) FROM t t1 JOIN t t2 USING (id) LEFT JOIN LATERAL (SELECT t1.v AS q) l ON TRUE GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC LIMIT 3;
CREATE VIEW v3 AS WITH RECURSIVE r(n, p) AS (VALUES (1, array['a']::varchar[]) UNION ALL SELECT n+1, p || 'b'::varchar FROM r WHERE n < 5 AND 'x' <> ALL (p)) SELECT *, row_number() OVER w FROM r WINDOW w AS (PARTITION BY n ORDER BY p) ;
CREATE VIEW v4 AS SELECT CASE v WHEN 'a' THEN 'b'::varchar ELSE tx END AS x, v::text IN ('a','b') y, EXISTS (SELECT 1 FROM t x WHERE x.v = t.v) z, (SELECT v) w, array(SELECT v FROM t) FROM t UNION SELECT 'a', TRUE, false, 'x', NULL ORDER BY 1;
CREATE VIEW v5 WITH (security_barrier, check_option=local) AS SELECT id, v FROM t WHERE v IN ('a','b');
CREATE VIEW v6 AS SELECT * FROM v1 NATURAL JOIN v5;
CREATE VIEW v7 AS SELECT * FROM (VALUES (1,'a'),(2,'b')) AS q(a,b) WHERE b IN ('a','b');
CREATE VIEW v8 AS TABLE t;
CREATE VIEW v9 AS SELECT * FROM t TABLESAMPLE system (10) WHERE id IN (SELECT id FROM t WHERE v IN ('a','b') FOR UPDATE);
ALTER TABLE t RENAME COLUMN tx TO "Tx x";
ALTER TABLE t ADD COLUMN z int;
ALTER TABLE t ADD COLUMN later varchar DEFAULT 'x' CHECK (later IN ('x'));
CREATE VIEW v10 AS SELECT t AS whole, (t.*)::text FROM t;
CREATE MATERIALIZED VIEW m AS SELECT v, sum(num) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT row) FROM t WHERE v IN ('a','b') WITH no data;
CREATE FUNCTION f1(a varchar DEFAULT 'a', b varchar[] DEFAULT array['a','b'], VARIADIC c int[] DEFAULT '{}') RETURNS TABLE (x int, y text) LANGUAGE SQL BEGIN ATOMIC SELECT id, v FROM s.t WHERE v IN ('a','b'); END;
CREATE FUNCTION f2() RETURNS TRIGGER LANGUAGE plpgsql AS $q$ begin -- don't
 if new.v = any ((array['a','b'])::text[]) then return new; end if; return null; end $q$;
CREATE TRIGGER tr BEFORE UPDATE OF v ON t FOR EACH row WHEN (old.v IN ('a','b') AND new.v IS DISTINCT FROM old.v) EXECUTE FUNCTION f2('x', 'y''z');
CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH row EXECUTE FUNCTION f2();
CREATE TRIGGER tt AFTER INSERT ON t REFERENCING new TABLE AS nt FOR EACH STATEMENT EXECUTE FUNCTION f2();
CREATE RULE ru AS ON INSERT TO v1 WHERE new.v IN ('a','b') DO INSTEAD INSERT INTO s.t (id, v) VALUES (new.id, new.v);
CREATE POLICY p ON t AS RESTRICTIVE FOR UPDATE TO current_user USING (v IN ('a','b')) WITH CHECK (v IN ('a'));
CREATE TABLE pr (id int, k varchar, x int) PARTITION BY LIST (k);
CREATE TABLE pr_a PARTITION OF pr FOR VALUES IN ('a','b');
CREATE TABLE pr_d PARTITION OF pr DEFAULT;
CREATE TABLE pr_e PARTITION OF pr FOR VALUES IN ('c') PARTITION BY HASH (id);
CREATE TABLE pr_e1 PARTITION OF pr_e FOR VALUES WITH (modulus 2, remainder 0);
ALTER TABLE pr_a ADD CHECK (k IN ('a','b'));
CREATE INDEX ON pr (x) WHERE k IN ('a','b');
CREATE TYPE ct1 AS (a int, b varchar);
CREATE TABLE of1 OF ct1 (PRIMARY KEY (a));
CREATE TABLE ex (r tsrange, v varchar, EXCLUDE USING gist (r WITH &&) WHERE (v IN ('a','b')));
CREATE SEQUENCE sq AS SMALLINT INCREMENT 2 OWNED BY ex.v;
