-- Sequences go on after the rows made, which did not draw from them. One of these is shared, one goes down.
SELECT format(
    'SELECT setval(%L, (SELECT max(%I) FROM %s))',
    pg_get_serial_sequence(attrelid::regclass::text, attname), attname, attrelid::regclass) AS statement
FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND attidentity <> '' AND NOT relispartition
UNION ALL
SELECT 'SELECT setval(''public.case_numbers'', greatest((SELECT max(case_no) FROM public.support_tickets), '
    || '(SELECT max(case_no) FROM public.returns)))'
UNION ALL
SELECT 'SELECT setval(''public.refund_numbers'', (SELECT min(refund_no) FROM public.returns))'
ORDER BY statement
