-- What the statements beside this file draw from. Everything lives in pg_temp, so nothing stays behind.
-- A row's values depend on hashes of its number and a salt alone: no random(), no setseed, no order of execution.

CREATE OR REPLACE FUNCTION pg_temp.hash(i bigint, salt bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN pg_catalog.hashint8extended(i, salt) & 9223372036854775807;

-- In [0, 1).
CREATE OR REPLACE FUNCTION pg_temp.fraction(hash bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (hash & 9007199254740991) / 9007199254740992.0::float8;

-- A number in 1 … n, where low ones are far more frequent: the first 1 % are drawn 22 % of the time.
CREATE OR REPLACE FUNCTION pg_temp.skewed(n bigint, hash bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 1 + pg_catalog.floor(n * pg_catalog.power(pg_temp.fraction(hash), 3))::bigint;

CREATE OR REPLACE FUNCTION pg_temp.pick(list text[], hash bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN list[1 + pg_catalog.mod(hash, pg_catalog.cardinality(list))];

-- n digits of a hash, n ≤ 18.
CREATE OR REPLACE FUNCTION pg_temp.digits(hash bigint, n int) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN pg_catalog.right(pg_catalog.lpad(hash::text, 19, '0'), n);

-- The shop has traded for three years. Seconds, because days have 23 to 25 hours in some time zones.
CREATE OR REPLACE FUNCTION pg_temp.moment(fraction float8) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN timestamptz '2023-01-01 00:00:00+00' + interval '1 second' * pg_catalog.floor(94694400 * fraction);

-- As it would stand in an e-mail address. Under collation C, so that it is the same in every database.
CREATE OR REPLACE FUNCTION pg_temp.ascii(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN pg_catalog.regexp_replace(
        pg_catalog.lower(pg_catalog.translate(name,
            'áâàäåãăçðéèêëęğíîïıñóôòöøõşșúûùüýżßłþ' || 'ÁÂÀÄÅÃĂÇÐÉÈÊËĘĞÍÎÏÑÓÔÒÖØÕŞȘÚÛÙÜÝŻŁÞİ',
            'aaaaaaacdeeeeegiiiinoooooossuuuuyzslt' || 'aaaaaaacdeeeeegiiinoooooossuuuuyzlti') COLLATE "C"),
        '[^a-z0-9.-]', '', 'g');

CREATE OR REPLACE FUNCTION pg_temp.first_names() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[
    'Ada', 'Aisha', 'Aleksander', 'Alice', 'Amélie', 'Ana', 'Andrés', 'Anja', 'Anton', 'Arjun', 'Astrid', 'Beatriz',
    'Ben', 'Björn', 'Bronisława', 'Camille', 'Carlos', 'Chiara', 'Chloé', 'Clara', 'Daan', 'Dara', 'David', 'Deniz',
    'Diego', 'Dorothea', 'Edith', 'Eirik', 'Elena', 'Elif', 'Emeka', 'Emil', 'Esther', 'Eun-ji', 'Farah', 'Fatima',
    'Felix', 'Femke', 'Fergus', 'Françoise', 'Freya', 'Gabriel', 'George', 'Gräfin Ute', 'Greta', 'Hana', 'Hannah',
    'Haruto', 'Helena', 'Hugo', 'Ibrahim', 'Imogen', 'Inês', 'Ingrid', 'Irene', 'Isak', 'Ivan', 'Jack', 'Jan',
    'Jean-Luc', 'João', 'Johanna', 'José', 'Juliette', 'Jürgen', 'Kaito', 'Karin', 'Katarzyna', 'Kemal', 'Kofi',
    'Lars', 'Laura', 'Leïla', 'Leo', 'Lina', 'Lucía', 'Maeve', 'Magnus', 'Mahmoud', 'Maja', 'Marie', 'Mateusz',
    'Mei', 'Mia', 'Mohammed', 'Naoko', 'Ngozi', 'Nikhil', 'Noah', 'Nora', 'Oğuz', 'Olga', 'Oscar', 'Paula', 'Pedro',
    'Piotr', 'Priya', 'Quentin', 'Raphaël', 'Rasmus', 'Renée', 'Roberta', 'Rosa', 'Saoirse', 'Sebastián', 'Siân',
    'Sofia', 'Søren', 'Stefan', 'Sunita', 'Tariq', 'Teresa', 'Théo', 'Tomás', 'Ursula', 'Valentina', 'Vera', 'Víctor',
    'Wanjiru', 'William', 'Xavier', 'Yara', 'Yusuf', 'Zeynep', 'Zoë', '美咲', 'Ольга'];

CREATE OR REPLACE FUNCTION pg_temp.last_names() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[
    'Abernathy', 'Achterberg', 'Adeyemi', 'Ahlström', 'Albrecht', 'Almeida', 'Amundsen', 'Ångström', 'Appiah', 'Araújo',
    'Bakker', 'Barnaby', 'Baumgärtner', 'Benoît', 'Bergström', 'Bianchi', 'Blackwood', 'Bondarenko', 'Boyle', 'Brânză',
    'Calloway', 'Carrasco', 'Castelo Branco', 'Chaudhry', 'Cholmondeley', 'Coşkun', 'Cruz', 'D''Angelo', 'd''Aubigny',
    'da Silva', 'Dahl', 'de Groot', 'de la Cruz', 'Demir', 'Dombrowski', 'Duarte', 'Eastwick', 'Eriksen', 'Espinoza',
    'Fairweather', 'Farkas', 'Featherstonehaugh', 'Fernández', 'Fitzgerald', 'Fontaine', 'Gallagher', 'García-Lorca',
    'Grünwald', 'Guðmundsson', 'Gupta', 'Gutiérrez', 'Hajdú', 'Halloran', 'Haugen', 'Hernández', 'Hofstätter', 'Holmgren',
    'Iwasaki', 'Janssens', 'Jiménez', 'Johansson', 'Kavanagh', 'Kębłowski', 'Kimura', 'Kjær', 'Kowalczyk', 'Kröger',
    'Lacroix', 'Lefèvre', 'Lindqvist', 'Łukasik', 'MacGregor', 'Mahlangu', 'Marchetti', 'McAllister', 'Meyer', 'Mikkelsen',
    'Moreau', 'Müller', 'Mwangi', 'Nagy', 'Ndiaye', 'Nguyễn', 'Nørgaard', 'Núñez', 'O''Brien', 'O''Neill', 'Oduya',
    'Okonkwo', 'Østergård', 'Papadopoulos', 'Pellegrini', 'Petrov', 'Quigley', 'Radclyffe', 'Rahimi', 'Ramírez', 'Rossi',
    'Rutherford', 'Sánchez', 'Sato', 'Schäfer', 'Schmidt-Rottluff', 'Sepúlveda', 'Sørensen', 'St. John', 'Strauß',
    'Szabó', 'Tanaka', 'Thistlethwaite', 'Þórsdóttir', 'Tremblay', 'Uchida', 'Undset', 'van den Berg', 'van Dijk',
    'Vasquez', 'Villeneuve', 'von Arnim', 'Wackernagel', 'Wójcik', 'Xu', 'Yamamoto', 'Yılmaz', 'Zelenka', 'Żeromski',
    'Zuckerman', '佐藤', 'Кузнецова'];

-- Under .mail, .home and .corp, which ICANN resolved in 2018 never to delegate: no mail ever arrives. Not under
-- .test or .example, since what is reserved by RFC 2606 counts as nobody's, and these are to be somebody's.
CREATE OR REPLACE FUNCTION pg_temp.mail_domains() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[
    'bright.mail', 'bright.mail', 'bright.mail', 'postfach-nord.home', 'postfach-nord.home', 'lettre.mail', 'correo-sur.home',
    'mailhaus.home', 'quickpost.mail', 'harbour.mail', 'inboxen.home', 'kumo.mail', 'oldmill-engineering.corp',
    'weaver-and-sons.corp', 'stadtwerke-auetal.corp', 'uni-larsholm.corp'];

CREATE OR REPLACE FUNCTION pg_temp.streets() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[
    'Alder Row', 'Am Alten Speicher', 'Ashgrove Crescent', 'Avenida del Puerto', 'Bahnhofsallee', 'Beekweg', 'Birch Hollow',
    'Calle de la Ribera', 'Canal Walk', 'Chapel Rise', 'Drosselgasse', 'Elm Parade', 'Fischerkai', 'Foundry Lane',
    'Gartenweg', 'Granary Wharf', 'Hafenstraße', 'Heather Bank', 'Impasse des Lilas', 'Kirkebakken', 'Lindenallee',
    'Långgatan', 'Mariner''s Rest', 'Millbrook Road', 'Molenstraat', 'Mühlendamm', 'Nightingale Close', 'Orchard Mews',
    'Paseo de los Olmos', 'Quarry Hill', 'Rue de l''Église', 'Rue des Trois Fontaines', 'Saddler''s Yard', 'Sandpiper Way',
    'Skolegade', 'Storgata', 'Tannery Street', 'Ulmenweg', 'Via dei Giardini', 'Via San Rocco', 'Viale della Stazione',
    'Weavers'' Green', 'Wilhelminapark', 'Ziegelhof'];

CREATE OR REPLACE FUNCTION pg_temp.towns() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[
    'London', 'Manchester', 'Bristol', 'Leeds', 'Edinburgh', 'Berlin', 'Hamburg', 'München', 'Köln', 'Lübeck', 'Paris',
    'Lyon', 'Nîmes', 'Lille', 'Madrid', 'Sevilla', 'A Coruña', 'Roma', 'Torino', 'Bologna', 'Amsterdam', 'Utrecht',
    'Gent', 'København', 'Århus', 'Oslo', 'Bergen', 'Göteborg', 'Malmö', 'Kraków', 'Łódź', 'Wien', 'Zürich', 'Dublin',
    'Cork', 'Porto'];

CREATE OR REPLACE FUNCTION pg_temp.countries() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[
    'GB', 'GB', 'GB', 'GB', 'GB', 'DE', 'DE', 'DE', 'DE', 'DE', 'FR', 'FR', 'FR', 'FR', 'ES', 'ES', 'ES', 'IT', 'IT', 'IT',
    'NL', 'NL', 'BE', 'DK', 'DK', 'NO', 'NO', 'SE', 'SE', 'PL', 'PL', 'AT', 'CH', 'IE', 'IE', 'PT'];

CREATE OR REPLACE FUNCTION pg_temp.company_words() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[
    'Anvil', 'Bluebell', 'Cedar', 'Copper', 'Dovetail', 'Ember', 'Fathom', 'Gantry', 'Hazel', 'Isobar', 'Juniper', 'Kestrel',
    'Lantern', 'Meridian', 'Nimbus', 'Osprey', 'Pumice', 'Quill', 'Rowan', 'Saffron', 'Tamarack', 'Umbra', 'Vellum',
    'Willow', 'Yarrow', 'Zephyr', 'Åkern', 'Brücken', 'Étoile', 'Girasol', 'Nordlys', 'Señorío'];

CREATE OR REPLACE FUNCTION pg_temp.company_kinds() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[
    'Analytics', 'Bakery', 'Books', 'Coffee', 'Cycles', 'Engineering', 'Furniture', 'Garden Supplies', 'Instruments',
    'Joinery', 'Kitchenware', 'Logistics', 'Optics', 'Outdoors', 'Papeterie', 'Toys & Games'];

CREATE OR REPLACE FUNCTION pg_temp.company_forms() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[
    'Ltd', 'GmbH', 'S.A.', 'AB', 'B.V.', 'SARL', '& Co. KG', 'ApS', 'S.p.A.', 'LLP'];

-- A number that belongs to nobody: the 555 exchange beyond its drama numbers, or a subscriber number that starts
-- with 0, written the many ways people write them.
CREATE OR REPLACE FUNCTION pg_temp.phone(hash bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE pg_catalog.mod(hash >> 8, 6)
        WHEN 0 THEN '+1 ' || 200 + pg_catalog.mod(hash >> 12, 789) || '-555-' || 2000 + pg_catalog.mod(hash >> 24, 8000)
        WHEN 1 THEN '(' || 200 + pg_catalog.mod(hash >> 12, 789) || ') 555-' || 2000 + pg_catalog.mod(hash >> 24, 8000)
        WHEN 2 THEN '+44 20 0' || pg_temp.digits(hash >> 12, 3) || ' ' || pg_temp.digits(hash >> 24, 4)
        WHEN 3 THEN '020 0' || pg_temp.digits(hash >> 12, 3) || ' ' || pg_temp.digits(hash >> 24, 4)
        WHEN 4 THEN '+49 30 0' || pg_temp.digits(hash >> 12, 7)
        ELSE '0033 1 0' || pg_temp.digits(hash >> 12, 1) || ' ' || pg_temp.digits(hash >> 16, 2) || ' '
            || pg_temp.digits(hash >> 24, 2) || ' ' || pg_temp.digits(hash >> 32, 2)
    END;

-- A German account with its check digits, at a bank whose code starts with 0, as none does.
CREATE OR REPLACE FUNCTION pg_temp.iban(hash bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 'DE' || pg_catalog.lpad((98 - pg_catalog.mod(
        ('0' || pg_temp.digits(hash, 17) || '131400')::numeric, 97))::text, 2, '0') || '0' || pg_temp.digits(hash, 17);
