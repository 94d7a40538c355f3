-- What tools forget: no columns, no key with doubled rows, unlogged, odd types, rules, triggers, comments.
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE TABLE nothing ();
CREATE TABLE doubled (a int, b text);
CREATE TABLE emptied (a int, b text);
ALTER TABLE emptied DROP COLUMN a, DROP COLUMN b;
CREATE UNLOGGED TABLE cached (id int PRIMARY KEY, body text);
CREATE TABLE odd (
    id uuid PRIMARY KEY,
    document xml,
    body json,
    facts jsonb,
    search tsvector,
    pairs hstore,
    login citext,
    name text COLLATE "C" UNIQUE,
    price money,
    raw bytea,
    host inet,
    net cidr,
    mac macaddr8,
    lsn pg_lsn,
    number oid,
    spot point,
    matrix int[],
    born date,
    span interval,
    ratio float8,
    amount numeric,
    at time with time zone
);
COMMENT ON TABLE odd IS 'a comment with ''quotes'' and a line
break';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := NEW.b || '!'; RETURN NEW; END $$;
CREATE TRIGGER doubled_touch BEFORE INSERT ON doubled FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE cached_never AS ON DELETE TO cached DO INSTEAD NOTHING;
CREATE TABLE guarded (id int PRIMARY KEY, owner_name text);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON guarded USING (owner_name = current_user);
CREATE TABLE checked (
    a int, b int, c text,
    CONSTRAINT checked_order CHECK (b > a),
    CONSTRAINT checked_words CHECK (c IN ('x', 'y') OR c IS NULL),
    CONSTRAINT checked_row CHECK (checked IS NOT NULL)
);
CREATE TABLE varied (status varchar(10) CHECK (status IN ('new', 'old')) DEFAULT 'new');
ALTER TABLE checked ADD CONSTRAINT checked_later CHECK (a > 0) NOT VALID;
INSERT INTO nothing SELECT FROM generate_series(1, 3);
INSERT INTO doubled SELECT n % 3, 'row' FROM generate_series(1, 12) AS n;
INSERT INTO cached VALUES (1, 'cached');
INSERT INTO odd (id, document, body, facts, search, pairs, login, name, price, raw, host, net, mac, lsn, number, spot, matrix, born, span, ratio, amount, at) VALUES
    ('00000000-0000-0000-0000-000000000001', NULL, '{"a": 1, "a": 2, "u": "\u0000"}', '{"n": 12345678901234567890.123}', 'a fat cat',
     'a=>1,b=>NULL', 'Login', 'Straße', 12.34, '\x00ff0a', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03:04:05', '16/B374D848', 4294967295, '(1,2)',
     '[0:1][2:3]={{1,NULL},{3,4}}', 'infinity', '1 year -3 days 04:05:06.789', 'NaN', '-Infinity', '24:00:00+02'),
    ('00000000-0000-0000-0000-000000000002', NULL, 'null', 'null', NULL, '', '', '', NULL, '', '::1', NULL, NULL, NULL, 0, NULL,
     '{}', '4713-01-01 BC', '0', '-0', 'NaN', NULL);
INSERT INTO guarded SELECT n, 'somebody' FROM generate_series(1, 3) AS n;
INSERT INTO checked VALUES (1, 2, 'x'), (3, 4, 'y');
INSERT INTO varied VALUES ('new'), ('old');
