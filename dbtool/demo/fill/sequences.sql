-- Identity columns go on after the rows they got; what was inserted did not draw from their sequences.
SELECT format(
    'SELECT setval(%L, (SELECT max(%I) FROM %s))',
    pg_get_serial_sequence(attrelid::regclass::text, attname), attname, attrelid::regclass)
FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND attidentity <> ''
ORDER BY attrelid::regclass::text
