-- Every fourth customer has filled one in; not everyone all of it.
INSERT INTO public.profiles (customer_id, data, updated_at)
SELECT id,
    jsonb_strip_nulls(jsonb_build_object(
        'display_name', CASE WHEN mod(a, 4) > 0 THEN pg_temp.ascii(split_part(full_name, ' ', 1)) || mod(a >> 4, 1000) END,
        'contacts', CASE mod(a >> 16, 4)
            WHEN 0 THEN NULL
            WHEN 1 THEN jsonb_build_array(contact_1, contact_2)
            ELSE jsonb_build_array(contact_1)
        END,
        'preferences', jsonb_build_object(
            'theme', pg_temp.pick(ARRAY['light', 'light', 'dark', 'system'], a >> 20),
            'language', pg_temp.pick(ARRAY['en', 'de', 'fr', 'es'], a >> 24),
            'newsletter', mod(a >> 28, 2) = 0))),
    created_at + interval '1 hour' * mod(a >> 32, 5000)
FROM (
    SELECT id, full_name, created_at, a,
        jsonb_build_object('name', pg_temp.pick(pg_temp.first_names(), a >> 8) || ' ' || pg_temp.pick(pg_temp.last_names(), b),
            'phone', pg_temp.phone(b)) AS contact_1,
        jsonb_build_object('name', full_name, 'phone', phone) AS contact_2
    FROM (
        SELECT id, full_name, phone, created_at, pg_temp.hash(id, %(salt)s) AS a, pg_temp.hash(id, %(salt)s + 1) AS b
        FROM public.customers
        WHERE mod(id, 4) = 0
        OFFSET 0
    ) AS drawn
    OFFSET 0
) AS row
ORDER BY id;
