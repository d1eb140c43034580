"""A local stand-in for both payment gateways, spoken to over HTTP only.

It is an independent witness: neither the application nor the simulator imports the other.
"""
