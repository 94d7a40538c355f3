-- What a search_path could find in the place of PostgreSQL's own.
CREATE SCHEMA shadow;
CREATE TABLE shadow.pg_class (oid oid, relname text, relkind "char", note text);
CREATE TABLE shadow.pg_namespace (oid oid, nspname text);
CREATE VIEW shadow.pg_database AS SELECT 'nothing'::text AS datname;
CREATE TYPE shadow.text AS (a int);
CREATE FUNCTION shadow.count() RETURNS bigint LANGUAGE sql AS 'SELECT 42::bigint';
CREATE FUNCTION shadow.unnest(anyarray) RETURNS text LANGUAGE sql AS $$ SELECT 'shadow' $$;
CREATE FUNCTION shadow.starts_with(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION shadow.setval(regclass, bigint, boolean) RETURNS bigint LANGUAGE sql AS 'SELECT 7::bigint';
CREATE FUNCTION shadow.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '1999-01-01'::timestamptz $$;
CREATE FUNCTION shadow.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'shadow' $$;
CREATE FUNCTION shadow.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE OPERATOR shadow.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = shadow.same);
CREATE FUNCTION shadow.same(bigint, bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE OPERATOR shadow.= (LEFTARG = bigint, RIGHTARG = bigint, PROCEDURE = shadow.same);
INSERT INTO shadow.pg_class VALUES (1, 'shadow', 'r', 'nobody is here');
ANALYZE
