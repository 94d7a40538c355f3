INSERT INTO public."Gift Card Uses" ("Card No", "usedBy")
SELECT card_no, pg_temp.skewed(%(customers)s, pg_temp.hash(number, %(salt)s))
FROM (
    SELECT "Card No" AS card_no, row_number() OVER (ORDER BY "Card No" COLLATE "C") AS number
    FROM public."Gift Cards"
) AS card
WHERE mod(number, 3) > 0
ORDER BY number;
