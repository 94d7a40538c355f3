-- Customers with much to hide: a phone, a birthday, a company, a profile with contacts.
SELECT customer.id, customer.email
FROM public.customers AS customer
LEFT JOIN public.profiles AS profile ON profile.customer_id = customer.id
ORDER BY num_nulls(phone, birth_date, company, profile.data -> 'contacts'), customer.id
LIMIT 3
