"""The Streamlit pages: one module per page with `render(services, user)`. They show, parse and schedule."""
