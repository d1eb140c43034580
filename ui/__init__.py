"""The Streamlit pages: one module per page with `render(services, user)`. They show, parse and schedule."""

import logging

# Caches are named while the server starts: that there is no runtime yet is no news, and a line for each.
logging.getLogger("streamlit.runtime.caching.cache_data_api").addFilter(
    lambda record: "No runtime found" not in record.getMessage()
)
