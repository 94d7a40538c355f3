-- PostgreSQL 18: virtual generated columns, keys that are not enforced, keys over time, NOT NULL not yet valid.
CREATE EXTENSION btree_gist;
CREATE TABLE person (
    id int PRIMARY KEY, first_name text, last_name text,
    full_name text GENERATED ALWAYS AS (first_name || ' ' || last_name) VIRTUAL,
    CONSTRAINT person_named CHECK (first_name IS NOT NULL) NOT ENFORCED
);
CREATE TABLE job (
    person_id int CONSTRAINT job_person REFERENCES person NOT ENFORCED, title text
);
CREATE TABLE lease (id int, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE rent (
    id int PRIMARY KEY, lease_id int, during daterange,
    CONSTRAINT rent_lease FOREIGN KEY (lease_id, PERIOD during) REFERENCES lease (id, PERIOD during)
);
INSERT INTO person VALUES (1, 'Ann', 'Lee'), (2, NULL, 'Roe');
INSERT INTO job VALUES (1, 'cook'), (77, 'ghost');
INSERT INTO lease VALUES (1, '[2024-01-01,2025-01-01)'), (1, '[2025-01-01,2026-01-01)');
INSERT INTO rent VALUES (1, 1, '[2024-06-01,2025-06-01)');
ALTER TABLE job ADD CONSTRAINT job_titled NOT NULL title NOT VALID;
