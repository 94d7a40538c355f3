-- Types to be resolved: domain over domain over array, arrays of domains, enums, limits of every kind.
CREATE SCHEMA kinds;
CREATE TYPE kinds.mood AS ENUM ('sad', 'happy');
ALTER TYPE kinds.mood ADD VALUE 'ok' BEFORE 'happy';
CREATE TYPE kinds.address AS (street text, city varchar(40));
CREATE TYPE kinds.float_range AS RANGE (subtype = float8);
CREATE DOMAIN kinds.email AS varchar(80) CHECK (VALUE LIKE '%@%');
CREATE DOMAIN kinds.work_email AS kinds.email NOT NULL CHECK (VALUE NOT LIKE '%@gmail.com') CHECK (length(VALUE) > 5);
CREATE DOMAIN kinds.tags AS varchar(10)[] CHECK (array_length(VALUE, 1) < 5);
CREATE DOMAIN kinds.some_tags AS kinds.tags CHECK (array_length(VALUE, 1) > 0);
CREATE DOMAIN kinds.price AS numeric(8, 2) DEFAULT 0 CHECK (VALUE >= 0);
CREATE DOMAIN kinds.feeling AS kinds.mood;
CREATE TABLE specimen (
    id int PRIMARY KEY,
    email kinds.email,
    work_email kinds.work_email,
    some_tags kinds.some_tags,
    emails kinds.email[],
    price kinds.price,
    feeling kinds.feeling,
    moods kinds.mood[],
    address kinds.address,
    addresses kinds.address[],
    reach kinds.float_range,
    reaches kinds.float_multirange,
    code char(3),
    one char,
    bits bit(8),
    some_bits bit varying(20),
    any_text varchar,
    any_number numeric,
    thousands numeric(4, -3),
    small numeric(3, 5),
    numbers numeric(6, 2)[][],
    at timestamptz(3),
    vector int2vector,
    label name,
    letter "char",
    span int4range,
    spans int4multirange,
    long_ago interval day to second (2)
);
INSERT INTO specimen (id, email, work_email, some_tags, emails, price, feeling, moods, address, code, bits, thousands, small)
SELECT n, 'a' || n || '@shop.invalid', 'w' || n || '@shop.invalid', '{x,y}', '{a@b,c@d}', n, 'happy', '{sad,NULL}',
    ROW('Street ' || n, 'City')::kinds.address, 'AB', B'10101010', n * 1000, 0.00123
FROM generate_series(1, 10) AS n;
