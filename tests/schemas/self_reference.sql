-- A tree, a row that refers to itself, two references in one table, and a composite one with a NULL in it.
CREATE TABLE person (
    id int PRIMARY KEY,
    email text UNIQUE NOT NULL,
    manager_id int REFERENCES person,
    mentor_email text REFERENCES person (email)
);
INSERT INTO person VALUES (1, 'one@shop.invalid', 1, NULL);
INSERT INTO person
SELECT n, 'person' || n || '@shop.invalid', n / 2, CASE WHEN n % 3 = 0 THEN 'one@shop.invalid' END
FROM generate_series(2, 50) AS n;

CREATE TABLE node (tree int, id int, above int, PRIMARY KEY (tree, id), FOREIGN KEY (tree, above) REFERENCES node);
INSERT INTO node SELECT t, n, NULLIF(n - 1, 0) FROM generate_series(1, 2) AS t, generate_series(1, 20) AS n;
