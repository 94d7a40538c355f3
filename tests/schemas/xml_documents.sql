-- XML with content; needs a server built with libxml.
CREATE TABLE letter (id int PRIMARY KEY, body xml NOT NULL);
INSERT INTO letter VALUES
    (1, '<letter to="Ann Lee"><p>Call me on 555-0100.</p></letter>'),
    (2, '<?xml version="1.0"?><letter/>'),
    (3, 'only content, no document');
