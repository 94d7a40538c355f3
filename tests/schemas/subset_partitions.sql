-- Partitioned tables at both ends, and rows that nothing tells apart.

CREATE TABLE customer (id int PRIMARY KEY, label text) PARTITION BY HASH (id);
CREATE TABLE customer_0 PARTITION OF customer FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE customer_1 PARTITION OF customer FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO customer SELECT n, 'c' || n FROM generate_series(1, 6) n;

-- at two levels, with the columns of a leaf in another order
CREATE TABLE purchase (
    id int, region text, year int, customer int NOT NULL REFERENCES customer, label text, PRIMARY KEY (id, region, year)
) PARTITION BY LIST (region);
CREATE TABLE purchase_eu PARTITION OF purchase FOR VALUES IN ('eu') PARTITION BY RANGE (year);
CREATE TABLE purchase_eu_old PARTITION OF purchase_eu FOR VALUES FROM (MINVALUE) TO (2020);
CREATE TABLE purchase_eu_new (label text, gone int, year int NOT NULL, customer int NOT NULL, region text NOT NULL, id int NOT NULL);
ALTER TABLE purchase_eu_new DROP COLUMN gone;
ALTER TABLE purchase_eu ATTACH PARTITION purchase_eu_new FOR VALUES FROM (2020) TO (MAXVALUE);
CREATE TABLE purchase_us PARTITION OF purchase FOR VALUES IN ('us');
INSERT INTO purchase VALUES
    (1, 'eu', 2019, 1, 'p1'), (1, 'eu', 2021, 1, 'p2'), (1, 'us', 2021, 2, 'p3'), (2, 'us', 2021, 1, 'p4'),
    (2, 'eu', 2022, 3, 'p5');

CREATE TABLE line (
    purchase int, region text, year int, label text,
    FOREIGN KEY (purchase, region, year) REFERENCES purchase
) PARTITION BY RANGE (year);
CREATE TABLE line_old PARTITION OF line FOR VALUES FROM (MINVALUE) TO (2021);
CREATE TABLE line_new PARTITION OF line DEFAULT;
-- no key, and rows that are the same
INSERT INTO line VALUES
    (1, 'eu', 2019, 'l1'), (1, 'eu', 2019, 'l1'), (1, 'eu', 2021, 'l2'), (1, 'us', 2021, 'l3'), (2, 'us', 2021, 'l4'),
    (2, 'us', 2021, 'l4'), (2, 'us', 2021, 'l4'), (2, 'eu', 2022, 'l5');

-- to one leaf of a partitioned table alone
CREATE TABLE archive (id int, region text, year int, label text, FOREIGN KEY (id, region, year) REFERENCES purchase_eu_old);
INSERT INTO archive VALUES (1, 'eu', 2019, 'x1');
