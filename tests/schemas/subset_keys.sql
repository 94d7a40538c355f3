-- Keys of every kind. A row's label tells it from all others.

CREATE TABLE account (region int, number int, label text, PRIMARY KEY (region, number));
INSERT INTO account VALUES (1, 1, 'a11'), (1, 2, 'a12'), (2, 1, 'a21'), (2, 2, 'a22');
CREATE TABLE payment (
    id int PRIMARY KEY, number int, region int, label text,
    FOREIGN KEY (region, number) REFERENCES account
);
INSERT INTO payment VALUES
    (1, 2, 1, 'p12'), (2, 1, 2, 'p21'), (3, NULL, 1, 'half'), (4, 1, NULL, 'other half'), (5, NULL, NULL, 'none');
CREATE TABLE refund (region int, number int, label text, FOREIGN KEY (region, number) REFERENCES account MATCH FULL);
INSERT INTO refund VALUES (1, 2, 'r12'), (2, 2, 'r22'), (NULL, NULL, 'rnone');

-- to UNIQUE, of which some are NULL
CREATE TABLE product (id int PRIMARY KEY, sku text UNIQUE, label text);
INSERT INTO product VALUES (1, 'x', 'px'), (2, 'y', 'py'), (3, NULL, 'p0'), (4, NULL, 'p00');
CREATE TABLE stock (sku text REFERENCES product (sku), product int REFERENCES product, label text);
INSERT INTO stock VALUES ('x', 2, 'sx'), ('y', NULL, 'sy'), (NULL, 3, 's0');

-- between types
CREATE TABLE wide (id int8 PRIMARY KEY, label text);
INSERT INTO wide VALUES (1, 'w1'), (2, 'w2'), (5000000000, 'w5e9');
CREATE TABLE narrow (wide int4 REFERENCES wide, label text);
INSERT INTO narrow VALUES (1, 'n1'), (2, 'n2');
CREATE TABLE long (code text PRIMARY KEY, label text);
INSERT INTO long VALUES ('a', 'la'), ('a ', 'la_'), ('b', 'lb');
CREATE TABLE short (code varchar(3) REFERENCES long, label text);
INSERT INTO short VALUES ('a', 'sa'), ('a ', 'sa_'), ('b', 'sb');
CREATE TABLE padded (code char(4) PRIMARY KEY, label text);
INSERT INTO padded VALUES ('ab', 'cab'), ('cd', 'ccd');
CREATE TABLE less_padded (code char(2) REFERENCES padded, label text);
INSERT INTO less_padded VALUES ('ab', 'dab'), ('cd', 'dcd');

-- across schemas, under names that must be quoted
CREATE SCHEMA "Sales ""EU""";
CREATE SCHEMA "select";
CREATE TABLE "Sales ""EU"""."Order %s" ("Nr." int PRIMARY KEY, label text);
CREATE TABLE "select"."table" ("Order's ""Nr.""" int REFERENCES "Sales ""EU"""."Order %s", label text);
INSERT INTO "Sales ""EU"""."Order %s" VALUES (1, 'o1'), (2, 'o2');
INSERT INTO "select"."table" VALUES (1, 'l1'), (2, 'l2'), (1, 'l1 again');
