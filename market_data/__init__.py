"""Where prices come from. Each source says what it is, so that every page can name it."""
