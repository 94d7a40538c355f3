-- Every kind of relation and of what stands beside them. What tells a person is an address at lovelace.dk.
CREATE EXTENSION hstore;
CREATE TABLE town (id int PRIMARY KEY);
INSERT INTO town SELECT n FROM generate_series(1, 9) n;

-- three levels, a default at two of them, an index that was attached, keys to a partition and of one alone
CREATE TABLE visit (id int, seen_on date, town int, guest text, PRIMARY KEY (id, seen_on, town)) PARTITION BY RANGE (seen_on);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE visit_2024 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (town);
CREATE TABLE visit_2024_1 PARTITION OF visit_2024 FOR VALUES IN (1) PARTITION BY HASH (id);
CREATE TABLE visit_2024_1_even PARTITION OF visit_2024_1 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE visit_2024_1_odd PARTITION OF visit_2024_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE visit_2024_rest PARTITION OF visit_2024 DEFAULT;
CREATE TABLE visit_rest PARTITION OF visit DEFAULT;
CREATE INDEX visit_guest ON ONLY visit (guest);
CREATE INDEX visit_old_guest ON visit_old (guest);
ALTER INDEX visit_guest ATTACH PARTITION visit_old_guest;
ALTER TABLE visit_2024_rest ADD CONSTRAINT rest_town FOREIGN KEY (town) REFERENCES town;
CREATE TABLE bill (id int PRIMARY KEY, visit int, seen_on date, town int,
    CONSTRAINT of_old FOREIGN KEY (visit, seen_on, town) REFERENCES visit_old);
INSERT INTO visit SELECT n, date '2023-06-01' + n * 3, 1 + n % 9, 'guest' || n || '@lovelace.dk' FROM generate_series(1, 400) n;
INSERT INTO bill SELECT id, id, seen_on, town FROM visit_old;

-- inheritance: the parent shows the children's rows
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE TABLE pictured (photo bytea);
CREATE TABLE employee (salary int) INHERITS (person, pictured);
INSERT INTO person SELECT n, 'person' || n || '@lovelace.dk' FROM generate_series(1, 20) n;
INSERT INTO employee SELECT n, 'employee' || n || '@lovelace.dk', '\x00ff', n FROM generate_series(101, 110) n;

-- what has rows of its own, of others, or none
CREATE UNLOGGED TABLE cached (id int PRIMARY KEY, email text);
INSERT INTO cached SELECT n, 'cached' || n || '@lovelace.dk' FROM generate_series(1, 5) n;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (password 'secret-of-mapping');
CREATE FOREIGN TABLE abroad (id int, email text) SERVER elsewhere;
CREATE VIEW addresses AS SELECT email FROM person;
CREATE MATERIALIZED VIEW gathered AS SELECT email FROM addresses UNION ALL SELECT guest FROM visit;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n, max(email) AS one FROM gathered;

-- what would act on rows and on DDL
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := NEW.note || '!'; RETURN NEW; END $$;
CREATE FUNCTION refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no DDL here'; END $$;
CREATE TABLE watched (id int PRIMARY KEY, note text);
INSERT INTO watched SELECT n, 'note' FROM generate_series(1, 10) n;
CREATE TRIGGER watched_change BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION change();
CREATE TRIGGER watched_always AFTER INSERT ON watched FOR EACH STATEMENT EXECUTE FUNCTION refuse();
ALTER TABLE watched ENABLE ALWAYS TRIGGER watched_always;
CREATE TRIGGER watched_off AFTER INSERT ON watched FOR EACH STATEMENT EXECUTE FUNCTION refuse();
ALTER TABLE watched DISABLE TRIGGER watched_off;
CREATE TABLE ruled (id int PRIMARY KEY);
INSERT INTO ruled VALUES (1), (2);
CREATE RULE ruled_never AS ON INSERT TO ruled DO INSTEAD NOTHING;

-- row security, also over the owner
CREATE TABLE guarded (id int PRIMARY KEY, owner_name text);
INSERT INTO guarded SELECT n, 'somebody' FROM generate_series(1, 6) n;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
ALTER TABLE guarded FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON guarded USING (owner_name = current_user) WITH CHECK (id > 0);

-- replica identities
CREATE TABLE identity_full (id int, note text);
ALTER TABLE identity_full REPLICA IDENTITY FULL;
CREATE TABLE identity_index (id int NOT NULL, note text);
CREATE UNIQUE INDEX identity_index_id ON identity_index (id);
ALTER TABLE identity_index REPLICA IDENTITY USING INDEX identity_index_id;
CREATE TABLE identity_nothing (id int PRIMARY KEY);
ALTER TABLE identity_nothing REPLICA IDENTITY NOTHING;

-- rows of an extension's own
CREATE TABLE configured (id int, email text);
INSERT INTO configured VALUES (1, 'configured@lovelace.dk');
ALTER EXTENSION hstore ADD TABLE configured;
UPDATE pg_catalog.pg_extension SET extconfig = ARRAY['configured'::regclass::oid], extcondition = ARRAY[''] WHERE extname = 'hstore';

-- what reaches out, or acts on DDL
CREATE PUBLICATION told FOR TABLE person;
CREATE SUBSCRIPTION heard CONNECTION 'host=127.0.0.1 password=secret-of-subscription' PUBLICATION elsewhere
    WITH (connect = false, slot_name = NONE);
ANALYZE;
CREATE EVENT TRIGGER no_ddl ON ddl_command_start EXECUTE FUNCTION refuse_ddl();
