-- Everybody is away three times. Only who is well does not say why.
INSERT INTO public.absences (id, employee_id, kind, during, note)
OVERRIDING SYSTEM VALUE
SELECT row_number() OVER (ORDER BY id, n), id,
    (ARRAY['holiday', 'holiday', 'illness', 'parental', 'training'])[1 + mod(a, 5)]::public.absence_kind,
    daterange(hired_on + 60 * n + mod(a >> 8, 30)::int, hired_on + 60 * n + mod(a >> 8, 30)::int + 1 + mod(a >> 16, 20)::int),
    CASE WHEN mod(a, 5) = 2 THEN 'Doctor''s note, signed for ' || first_name || ' ' || last_name || ', call ' || pg_temp.phone(a) END
FROM (
    SELECT id, first_name, last_name, hired_on, n, pg_temp.hash(id, %(salt)s + n) AS a
    FROM public.employees, generate_series(1, 3) AS n
    OFFSET 0
) AS row
ORDER BY 1;
