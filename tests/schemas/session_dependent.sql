-- Whatever a session's settings could change on its way: values, constants in the DDL, and what is computed from either.
CREATE TYPE mood AS ENUM ('ok', 'so so', E'back\\slash''s');
CREATE DOMAIN price AS numeric(12, 3) CHECK (VALUE <> 'NaN');
CREATE FUNCTION shout(word text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper(word) || E'\\!' $$;
CREATE FUNCTION dawdle(id integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF id % 50 = 1 AND current_database() LIKE '%candidate%' THEN PERFORM pg_catalog.pg_sleep(0.6); END IF;
    RETURN true;
END $$;
CREATE FUNCTION slowly(word text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.starts_with(word, 'slow 10') THEN PERFORM pg_catalog.pg_sleep(0.1); END IF;
    RETURN 'said ' || pg_catalog.length(word);
END $$;

CREATE TABLE value (
    id serial PRIMARY KEY CHECK (dawdle(id)),
    born date DEFAULT '2024-02-01',
    day date CHECK (day > '0400-02-03 BC'),
    moment timestamptz DEFAULT '2024-02-01 23:30:00+00',
    local timestamp,
    clock timetz,
    span interval DEFAULT '-1 day +02:03:04',
    spans interval[],
    cash money DEFAULT '1234.56',
    number numeric,
    single real,
    double double precision,
    raw bytea DEFAULT '\x00ff5c27',
    tags text[] DEFAULT '{NULL,"NULL","a b"}',
    words tsvector,
    feeling mood DEFAULT E'back\\slash''s',
    during daterange,
    until tstzmultirange,
    place point,
    note text DEFAULT E'a\\b''c',
    note_loud text GENERATED ALWAYS AS (shout(note)) STORED,
    CONSTRAINT "Odd ""name""" CHECK (note <> E'\\never' AND tags <> '{NULL}')
);
INSERT INTO value (day, moment, local, clock, span, spans, cash, number, single, double, words, during, until, place, note)
SELECT date '2024-01-31' + n, timestamptz '2024-03-31 00:30:00+00' + n * interval '7 hours', timestamp '2024-02-03 04:05:06' + n * interval '1 day',
    timetz '23:59:60+05:45', interval '-1 year -2 mons +3 days -04:05:06.789' * n, ARRAY[interval '1 mon', NULL, interval '-1 day +1 hour'],
    n * 1234.56::numeric::money, n / 3.0, n / 3.0::real, n / 3.0::double precision,
    to_tsvector('simple', 'one two'), daterange('2024-02-01', date '2024-02-02' + n),
    tstzmultirange(tstzrange('2024-02-01 00:00+00', timestamptz '2024-02-01 00:00+00' + n * interval '1 hour')),
    point(n / 3.0, -n), E'straße \\ ''quoted'' \t tab ' || n
FROM generate_series(1, 120) n;
INSERT INTO value (day, number, single, double, note) VALUES
    ('infinity', 'NaN', '-Infinity', 'NaN', NULL), ('0001-01-01 BC', '1e-300', '1e-40', '5e-324', '');

CREATE TABLE person (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE, born date, seen timestamptz, wage numeric(10, 2),
    phone text, aliases text[], papers jsonb, said text, manager bigint REFERENCES person
);
INSERT INTO person (email, born, seen, wage, phone, aliases, papers, said, manager)
SELECT 'p' || n || '@lovelace.dk', date '1970-01-31' + n, timestamptz '2024-02-01 00:00+00' - n * interval '1 day', n * 10.5, '+45 2012 ' || 1000 + n,
    ARRAY['a' || n || '@lovelace.dk', NULL, 'NULL'], jsonb_build_object('email', 'p' || n || '@lovelace.dk', 'n', n), 'slow ' || n || ' mumbled', nullif(n / 2, 0)
FROM generate_series(1, 200) n;

CREATE TABLE reading (at timestamptz NOT NULL, amount money, person bigint REFERENCES person) PARTITION BY RANGE (at);
CREATE TABLE reading_1 PARTITION OF reading FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE TABLE reading_2 PARTITION OF reading FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
INSERT INTO reading SELECT timestamptz '2024-01-10 00:00+00' + n * interval '5 hours', n::money, 1 + n % 200 FROM generate_series(1, 200) n;

CREATE INDEX ON value (shout(note)) WHERE born > '2024-01-01' AND tags IS DISTINCT FROM '{NULL}';
CREATE INDEX ON value ((moment AT TIME ZONE 'Asia/Kathmandu'));
CREATE VIEW spoken AS SELECT id, born > '2024-02-01' AS late, span > '-1 day +02:03:04' AS long, note = E'a\\b' AS odd, cash > '12.5' AS much FROM value;
CREATE MATERIALIZED VIEW shown AS
    SELECT id, born::text AS born, moment::text AS moment, span::text AS span, cash::text AS cash, raw::text AS raw, double::text AS double,
        to_char(number, '9G999D99L') AS number, to_char(day, 'TMDay TMMonth') AS day, tags::text AS tags
    FROM value;
CREATE MATERIALIZED VIEW shown_again AS SELECT born, moment, cash, count(*) AS times FROM shown GROUP BY 1, 2, 3;
CREATE INDEX ON shown (born);
COMMENT ON TABLE value IS E'größe €\\ ''quoted''';


-- Not every server knows XML.
DO $$ BEGIN
    PERFORM xmlparse(CONTENT 'x');
    ALTER TABLE value ADD body xml;
    UPDATE value SET body = CASE id % 3 WHEN 0 THEN xmlparse(DOCUMENT '<a>größe &amp; Grüße</a>') WHEN 1 THEN xmlparse(CONTENT 'text <b/> alone') END;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
ANALYZE
