"""A page that leads elsewhere, as something that a test can catch."""

from __future__ import annotations


class Left(BaseException):
    """The page ended by leading to another one."""

    def __init__(self, path: str, query: object) -> None:
        super().__init__(path)
        self.path = path
        self.query = query


def switch_page(page, query_params=None):  # type: ignore[no-untyped-def]  # in place of st.switch_page
    raise Left(page.url_path, dict(query_params or {}))
