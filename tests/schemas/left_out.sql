-- What holds data and is not copied: foreign tables, large objects, dbtool's own schema. Alembic's table is special.
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
CREATE TABLE measurement (id int NOT NULL, value text) PARTITION BY RANGE (id);
CREATE TABLE measurement_near PARTITION OF measurement FOR VALUES FROM (0) TO (100);
CREATE FOREIGN TABLE measurement_far PARTITION OF measurement FOR VALUES FROM (100) TO (200) SERVER elsewhere;
CREATE FOREIGN TABLE stock (id int, name text) SERVER elsewhere;
CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY, note text);
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
CREATE SCHEMA dbtool;
CREATE TABLE dbtool.ledger (id int PRIMARY KEY);
CREATE SEQUENCE dbtool.ledger_id;
CREATE SCHEMA other;
CREATE TABLE other.alembic_version (version_num varchar(32) NOT NULL, branch text);
INSERT INTO measurement SELECT n, 'value ' || n FROM generate_series(1, 10) AS n;
INSERT INTO scratch VALUES (1, 'note');
INSERT INTO alembic_version VALUES ('abc123');
SELECT lo_create(0) FROM generate_series(1, 3);
