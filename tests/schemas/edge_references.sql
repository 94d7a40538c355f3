-- Every form of foreign key between masked keys. A row's label is kept, and tells it from all others.
CREATE SCHEMA billing;
CREATE TABLE tenant (id int PRIMARY KEY, code varchar(12) NOT NULL UNIQUE, label text);
CREATE TABLE customer (
    tenant int REFERENCES tenant ON DELETE CASCADE, id int, email varchar(60) NOT NULL, favourite bigint, label text,
    PRIMARY KEY (tenant, id), UNIQUE (tenant, email)
);
-- another schema, a wider integer and another kind of text; keys whose columns overlap
CREATE TABLE billing.invoice (
    number bigint PRIMARY KEY,
    tenant bigint NOT NULL REFERENCES public.tenant ON DELETE CASCADE,
    code text REFERENCES public.tenant (code),
    customer int, payer_tenant int, payer int, label text,
    CONSTRAINT simple FOREIGN KEY (tenant, customer) REFERENCES public.customer ON DELETE CASCADE,
    CONSTRAINT whole FOREIGN KEY (payer_tenant, payer) REFERENCES public.customer MATCH FULL
);
ALTER TABLE customer ADD CONSTRAINT back FOREIGN KEY (favourite) REFERENCES billing.invoice;
CREATE TABLE visit (
    tenant int, email text, label text, FOREIGN KEY (tenant, email) REFERENCES customer (tenant, email)
);
-- to a partitioned table, from one, and to one partition
CREATE TABLE event (id int, year int, about bigint REFERENCES billing.invoice, label text, PRIMARY KEY (id, year))
    PARTITION BY LIST (year);
CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
CREATE TABLE event_rest PARTITION OF event DEFAULT;
CREATE TABLE remark (
    event int, year int, label text,
    CONSTRAINT of_any FOREIGN KEY (event, year) REFERENCES event
);
CREATE TABLE first_remark (
    event int, year int, label text,
    CONSTRAINT of_one FOREIGN KEY (event, year) REFERENCES event_1
);
-- a tree ten thousand deep with a row that is its own, and two more references to itself
CREATE TABLE node (id int PRIMARY KEY, above int REFERENCES node, left_of int REFERENCES node, label text UNIQUE, like_it text REFERENCES node (label));
-- circles: NOT NULL and not deferrable, and two that overlap
CREATE TABLE hen (id int PRIMARY KEY, egg int NOT NULL, label text);
CREATE TABLE egg (id int PRIMARY KEY, hen int NOT NULL REFERENCES hen NOT DEFERRABLE, label text);
CREATE TABLE rock (id int PRIMARY KEY, beats int, label text);
CREATE TABLE scissors (id int PRIMARY KEY, beats int, also int REFERENCES rock, label text);
CREATE TABLE paper (id int PRIMARY KEY, beats int REFERENCES rock, label text);
-- what was never validated
CREATE TABLE lost (id int PRIMARY KEY, tenant int, label text);
ALTER TABLE lost ADD CONSTRAINT lost_tenant FOREIGN KEY (tenant) REFERENCES tenant ON DELETE CASCADE NOT VALID;

INSERT INTO tenant SELECT n, 'T-' || 1000 + n, 'tenant ' || n FROM generate_series(1, 20) n;
INSERT INTO customer SELECT t, n, 'c' || n || '@lovelace.dk', NULL, format('customer %s/%s', t, n) FROM generate_series(1, 20) t, generate_series(1, 30) n;
INSERT INTO billing.invoice
SELECT n, 1 + n % 20, CASE WHEN n % 3 > 0 THEN 'T-' || 1001 + n % 20 END, nullif(1 + n % 30, 7), CASE WHEN n % 2 = 0 THEN 1 + n % 20 END,
    CASE WHEN n % 2 = 0 THEN 1 + n % 30 END, 'invoice ' || n
FROM generate_series(1, 400) n;
UPDATE customer SET favourite = 1 + (tenant * 7 + id) % 400 WHERE id % 2 = 0;
INSERT INTO visit SELECT 1 + n % 20, CASE WHEN n % 4 > 0 THEN 'c' || 1 + n % 30 || '@lovelace.dk' END, 'visit ' || n FROM generate_series(1, 300) n;
INSERT INTO event SELECT n, 1 + n % 3, nullif(n % 400, 0), 'event ' || n FROM generate_series(1, 300) n;
INSERT INTO remark SELECT id, nullif(year, 2), 'remark ' || id FROM event;
INSERT INTO first_remark SELECT id, year, 'first ' || id FROM event WHERE year = 1;
INSERT INTO node SELECT n, greatest(n - 1, 1), nullif(n / 2, 0), 'node ' || n, CASE WHEN n % 5 = 0 THEN 'node ' || n - 1 END FROM generate_series(1, 10000) n;
INSERT INTO hen SELECT n, 6 - n, 'hen ' || n FROM generate_series(1, 5) n;
INSERT INTO egg SELECT n, 1 + n % 5, 'egg ' || n FROM generate_series(1, 5) n;
ALTER TABLE hen ADD CONSTRAINT hen_egg FOREIGN KEY (egg) REFERENCES egg NOT DEFERRABLE;
INSERT INTO rock SELECT n, n, 'rock ' || n FROM generate_series(1, 6) n;
INSERT INTO scissors SELECT n, nullif(7 - n, 2), n, 'scissors ' || n FROM generate_series(1, 6) n;
INSERT INTO paper SELECT n, nullif(n, 3), 'paper ' || n FROM generate_series(1, 6) n;
ALTER TABLE rock ADD CONSTRAINT rock_beats FOREIGN KEY (beats) REFERENCES scissors;
ALTER TABLE scissors ADD CONSTRAINT scissors_beats FOREIGN KEY (beats) REFERENCES paper;
ALTER TABLE lost DROP CONSTRAINT lost_tenant;
INSERT INTO lost SELECT n, CASE WHEN n % 3 = 0 THEN 5000 + n ELSE 1 + n % 20 END, 'lost ' || n FROM generate_series(1, 30) n;
ALTER TABLE lost ADD CONSTRAINT lost_tenant FOREIGN KEY (tenant) REFERENCES tenant ON DELETE CASCADE NOT VALID;
ANALYZE;
