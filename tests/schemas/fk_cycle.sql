-- Foreign keys in circles: two tables, three tables, and one whose columns are NOT NULL and not deferrable.
CREATE TABLE department (id int PRIMARY KEY, name text NOT NULL, head_id int);
CREATE TABLE employee (id int PRIMARY KEY, name text NOT NULL, department_id int NOT NULL REFERENCES department);
INSERT INTO department SELECT n, 'department ' || n FROM generate_series(1, 3) AS n;
INSERT INTO employee SELECT n, 'employee ' || n, 1 + n % 3 FROM generate_series(1, 9) AS n;
UPDATE department SET head_id = id;
ALTER TABLE department ADD CONSTRAINT department_head FOREIGN KEY (head_id) REFERENCES employee DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE hen (id int PRIMARY KEY, egg_id int NOT NULL);
CREATE TABLE egg (id int PRIMARY KEY, hen_id int NOT NULL);
INSERT INTO hen SELECT n, n FROM generate_series(1, 5) AS n;
INSERT INTO egg SELECT n, 6 - n FROM generate_series(1, 5) AS n;
ALTER TABLE hen ADD CONSTRAINT hen_egg FOREIGN KEY (egg_id) REFERENCES egg;
ALTER TABLE egg ADD CONSTRAINT egg_hen FOREIGN KEY (hen_id) REFERENCES hen;

CREATE TABLE rock (id int PRIMARY KEY, beats int);
CREATE TABLE scissors (id int PRIMARY KEY, beats int, also_beats int);
CREATE TABLE paper (id int PRIMARY KEY, beats int);
INSERT INTO rock SELECT n, n FROM generate_series(1, 4) AS n;
INSERT INTO scissors SELECT n, n, NULLIF(n, 2) FROM generate_series(1, 4) AS n;
INSERT INTO paper SELECT n, NULLIF(n, 3) FROM generate_series(1, 4) AS n;
ALTER TABLE rock ADD CONSTRAINT rock_scissors FOREIGN KEY (beats) REFERENCES scissors;
ALTER TABLE scissors ADD CONSTRAINT scissors_paper FOREIGN KEY (beats) REFERENCES paper;
ALTER TABLE scissors ADD CONSTRAINT scissors_rock FOREIGN KEY (also_beats) REFERENCES rock;
ALTER TABLE paper ADD CONSTRAINT paper_rock FOREIGN KEY (beats) REFERENCES rock;
