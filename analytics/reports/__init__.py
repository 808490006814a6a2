"""Reports: what a park or a part of it came to over days, weeks and months, and what it has to spare."""
