-- References that lead nowhere, one parent with most of the children, and rows that two roots lead to.

CREATE TABLE tenant (id int PRIMARY KEY, label text);
INSERT INTO tenant SELECT n, 't' || n FROM generate_series(1, 5) n;
CREATE TABLE project (id int PRIMARY KEY, tenant int, label text);
INSERT INTO project VALUES (1, 1, 'p1'), (2, 99, 'lost'), (3, 2, 'p3'), (4, NULL, 'nobody''s');
ALTER TABLE project ADD CONSTRAINT project_tenant FOREIGN KEY (tenant) REFERENCES tenant NOT VALID;
CREATE TABLE task (id int PRIMARY KEY, project int NOT NULL, label text);
INSERT INTO task VALUES (1, 1, 'k1'), (2, 2, 'k2'), (3, 77, 'k3');
ALTER TABLE task ADD CONSTRAINT task_project FOREIGN KEY (project) REFERENCES project NOT VALID;

CREATE TABLE event (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenant, seen int, label text);
INSERT INTO event SELECT n, CASE WHEN n <= 8000 THEN 3 ELSE 4 + n % 2 END, nullif(n % 1000, 0), 'e' || n FROM generate_series(1, 10000) n;

CREATE TABLE member (tenant int REFERENCES tenant, project int REFERENCES project, label text);
INSERT INTO member VALUES (1, 1, 'm11'), (1, 3, 'm13'), (2, 1, 'm21'), (2, 3, 'm23');
