"""The product's use-cases: who may see the market, and what each of its pages and mails says."""
