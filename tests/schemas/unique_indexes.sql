-- Uniqueness of every kind, each on a table of its own column.
CREATE EXTENSION btree_gist;
CREATE EXTENSION citext;
CREATE TABLE member (
    id int PRIMARY KEY,
    tenant_id int NOT NULL,
    email text NOT NULL,
    login citext,
    phone text,
    badge text,
    nick text,
    room int,
    during tsrange,
    status text,
    code text,
    slot int,
    CONSTRAINT member_tenant_email UNIQUE (tenant_id, email) DEFERRABLE,
    CONSTRAINT member_login UNIQUE (login),
    CONSTRAINT member_room EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (status <> 'gone')
);
CREATE UNIQUE INDEX member_email_lower ON member (lower(email), tenant_id);
CREATE UNIQUE INDEX member_phone_active ON member (phone) WHERE status = 'active';
CREATE UNIQUE INDEX member_badge ON member (badge) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX member_slot ON member (slot) INCLUDE (code, nick);
CREATE UNIQUE INDEX member_nick ON member (nick COLLATE "C" text_pattern_ops DESC);
CREATE INDEX member_status ON member (status);
CREATE TABLE setting (name text, value text);
CREATE UNIQUE INDEX setting_singleton ON setting ((true));
CREATE TABLE whole (a int, b text);
CREATE FUNCTION summary(whole) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.b';
CREATE UNIQUE INDEX whole_row ON whole (summary(whole.*));
INSERT INTO member
SELECT n, n % 3, 'm' || n || '@shop.invalid', 'Login' || n, '555-01' || n, 'b' || n, 'n' || n, n % 5,
    tsrange(timestamp '2024-01-01' + n * interval '1 day', timestamp '2024-01-02' + n * interval '1 day'),
    (ARRAY['active', 'gone'])[1 + n % 2], 'code', n
FROM generate_series(1, 20) AS n;
INSERT INTO setting VALUES ('only', 'one');
