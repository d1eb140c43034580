"""Pure rules of the business: no network, no database, no clock, no configuration."""
