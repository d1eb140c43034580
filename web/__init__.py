"""Starlette routes and middleware that live in the same process as the Streamlit pages."""
