"""What every answer carries, ours and Streamlit's own, and what none may carry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.runtime import Runtime
from streamlit.web.server.starlette import App

import web.middleware
from config import ROOT, load_settings
from web.middleware import SecurityHeaders
from web.response_headers import page_policy, permissions
from web.routes import build_routes

SECURE = {"app_base_url": "https://rs.example"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Iterator[TestClient]:
    """Streamlit's own routes beside ours, over https as browsers see it; no page is run."""
    folder = tmp_path_factory.mktemp("whole")
    settings = load_settings({"APP_ENV": "test", "DATA_DIR": str(folder)}, root=folder)
    app = App(ROOT / "landing_page.py", routes=build_routes(), middleware=[Middleware(SecurityHeaders)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web.middleware, "_settings", lambda: settings.model_copy(update=SECURE))
        with TestClient(app, base_url="https://rs.example", follow_redirects=False) as client:
            yield client
        patch.setattr(Runtime, "_instance", None)


PLACES = [
    ("GET", "/", 200),
    ("HEAD", "/", 200),
    ("GET", "/dashboard", 200),
    ("GET", "/index.html", 200),
    ("GET", "/nowhere/at/all", 200),
    ("GET", "/billing/", 301),
    ("GET", "/_stcore/health", 200),
    ("OPTIONS", "/_stcore/health", 204),
    ("GET", "/_stcore/host-config", 200),
    ("GET", "/_stcore/metrics", 404),
    ("GET", "/app/static/inter-latin.woff2", 200),
    ("OPTIONS", "/app/static/inter-latin.woff2", 204),
    ("GET", "/app/static/nothing", 404),
    ("GET", "/media/nothing", 404),
    ("GET", "/component/nothing", 404),
    ("PUT", "/_stcore/upload_file/s/f", 403),
    ("OPTIONS", "/_stcore/upload_file/s/f", 204),
    ("GET", "/favicon.png", 200),
    ("GET", "//evil.example", 400),
    ("GET", "/..%2f..%2fetc/passwd", 400),
    ("GET", "/healthz", 200),
    ("POST", "/healthz", 403),
    ("GET", "/csp-report", 200),
    ("POST", "/csp-report", 204),
    ("PUT", "/webhooks/cashfree", 405),
    ("GET", "/auth/sign-out", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), PLACES)
def test_s20_every_answer_carries_every_header_and_allows_no_other_origin(
    whole, method, path, status
) -> None:
    answer = whole.request(
        method, f"https://rs.example{path}", headers={"origin": "http://localhost:8501", "cookie": ""}
    )

    assert answer.status_code == status
    headers = answer.headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "report-uri /csp-report; report-to violations" in headers["content-security-policy"]
    assert headers["reporting-endpoints"] == 'violations="/csp-report"'
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "payment=()" in headers["permissions-policy"]
    assert "server" not in headers
    assert [name for name in headers if name.startswith("access-control-")] == []


@pytest.mark.parametrize(("method", "path", "status"), PLACES)
def test_every_body_says_what_it_is_and_in_which_letters(whole, method, path, status) -> None:
    answer = whole.request(method, f"https://rs.example{path}", headers={"origin": "http://localhost:8501"})

    kind = answer.headers.get("content-type", "")
    assert kind or not answer.content
    assert not kind.startswith("text/") or kind.endswith("charset=utf-8")


@pytest.mark.parametrize(
    "path", ["/.git/config", "/.env", "/config.py", "/app/static/../config.py", "/app/static/..%2fconfig.py",
             "/static/../../config.py", "/.streamlit/config.toml", "/payments.log"],
)  # fmt: skip
def test_no_file_beside_the_public_ones_is_served(whole, path) -> None:
    answer = whole.get(path)

    assert answer.status_code in {400, 404} or answer.text == whole.get("/").text


def test_s07_every_cookie_is_secure_and_stays_on_this_site(whole) -> None:
    answers = [
        whole.get(path, headers={"cookie": ""}) for path in ("/", "/_stcore/health", "/_stcore/host-config")
    ]

    cookies = [cookie for answer in answers for cookie in answer.headers.get_list("set-cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} >= {"__Host-browser", "_streamlit_xsrf"}
    for cookie in cookies:
        attributes = [part.strip().lower() for part in cookie.split(";")[1:]]
        assert attributes.count("secure") == 1
        assert attributes.count("samesite=lax") == 1
        assert "path=/" in attributes


def test_no_page_and_no_answer_stays_in_a_cache_and_hashed_files_do(whole) -> None:
    index = whole.get("/")
    asset = next(part for part in index.text.split('"') if "static/js/" in part and part.endswith(".js"))

    for path in ("/", "/dashboard", "/healthz", "/csp-report", "/media/nothing"):
        assert whole.get(path).headers["cache-control"] == "no-store"
    assert "immutable" in whole.get(f"/{asset.lstrip('./')}").headers["cache-control"]
    assert "no-store" not in whole.get("/app/static/inter-latin.woff2").headers.get("cache-control", "")


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/metrics/",
        "/_stcore//metrics",
        "//_stcore/metrics",
        "/_STCORE/Metrics",
        "/%5Fstcore/metrics",
        "/_stcore%2Fmetrics",
        "/_stcore/%6Detrics?x=1",
        "/_stcore/agent/openapi.json",
        "/_stcore/agent/mcp",
        "/_stcore/script-health-check",
        "/auth/login",
        "/auth/logout",
        "/oauth2callback",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_streamlits_public_extras_are_closed_in_every_spelling(whole, method, path) -> None:
    answer = whole.request(method, f"https://rs.example{path}")

    assert answer.status_code == 404
    assert answer.text in ("Not found", "")


@pytest.mark.parametrize(
    "path", ["/x/_stcore/metrics", "/_stcore/./metrics", "/%255Fstcore/metrics", "/_stcore/x/../metrics"]
)
def test_a_path_that_leads_past_the_closed_ones_shows_nothing_of_them(whole, path) -> None:
    answer = whole.get(path)

    assert "# TYPE" not in answer.text
    assert '"openapi":' not in answer.text


def test_the_policy_is_one_line_and_the_checkouts_permission_names_its_hosts() -> None:
    assert "\n" not in page_policy()
    assert permissions("https://a.example https://b.example").endswith(
        'payment=(self "https://a.example" "https://b.example")'
    )


@pytest.fixture
def failing(settings, monkeypatch) -> TestClient:
    """Routes that end as no route should."""
    monkeypatch.setattr(web.middleware, "_settings", lambda: settings)

    async def fail(_request):
        raise RuntimeError("canary /srv/app.py SELECT password")

    async def stranger(_request):
        response = PlainTextResponse(
            "", headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "private"}
        )
        response.set_cookie("a", "b", samesite="strict")
        return response

    async def refuse(_request):
        raise HTTPException(418)

    async def half(_request):
        async def body():
            yield b"begun"
            raise RuntimeError("canary")

        return StreamingResponse(body())

    routes = {"/fail": fail, "/stranger": stranger, "/refuse": refuse, "/half": half}
    app = Starlette(
        routes=[
            *(Route(path, route, methods=["GET", "POST"]) for path, route in routes.items()),
            Route("/page", lambda _: HTMLResponse("x", headers={"Cache-Control": "public, max-age=9"})),
            Route("/none", lambda _: Response(status_code=304)),
        ],
        middleware=[Middleware(SecurityHeaders)],
    )
    return TestClient(app, base_url="http://localhost:8501")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_s19_a_route_that_fails_shows_a_reference_that_the_log_knows_and_no_trace(failing, method) -> None:
    with structlog.testing.capture_logs() as written:
        answer = failing.request(method, "/fail?token=canary", headers={"sec-fetch-site": "same-origin"})

    (line,) = written
    assert answer.status_code == 500
    assert answer.json()["reference"] == line["reference"]
    assert (line["event"], line["path"], line["error"]) == ("route_failed", "/fail", "RuntimeError")
    assert isinstance(line["exc_info"], RuntimeError)
    for word in ("canary", "RuntimeError", "Traceback", "app.py"):
        assert word not in answer.text
    assert "content-security-policy" in answer.headers


def test_s19_a_person_reads_a_sentence_with_the_reference(failing) -> None:
    answer = failing.get("/fail", headers={"accept": "text/html,*/*"})

    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/plain")
    assert "tell support the reference" in answer.text


def test_an_answer_that_broke_off_is_logged_and_not_mended(failing) -> None:
    with structlog.testing.capture_logs() as written, pytest.raises(RuntimeError):
        failing.get("/half")

    assert [line["event"] for line in written] == ["route_failed"]


def test_what_a_route_refuses_itself_is_no_failure(failing) -> None:
    assert failing.get("/refuse").status_code == 418


def test_a_routes_own_words_are_kept_but_not_for_other_origins_or_caches_of_pages(failing) -> None:
    stranger, page = failing.get("/stranger"), failing.get("/page")

    assert "access-control-allow-origin" not in stranger.headers
    assert stranger.headers["cache-control"] == "private"
    assert (
        stranger.headers["set-cookie"].count("SameSite") + stranger.headers["set-cookie"].count("samesite")
        == 1
    )
    assert "strict-transport-security" not in stranger.headers
    assert page.headers["cache-control"] == "no-store"
