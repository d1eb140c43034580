"""Adapters to payment gateways: the wire, its JSON and its errors; none of our rules and no database."""
