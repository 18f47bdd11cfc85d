"""Every HTTP path of the contract through the real Envoy, as one user's story; none can be forgotten."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.conftest import Account
from tests.http.transcoding import METHODS, assert_shape, http_rule, json_call
from tests.stack import Stack

# Callers rely on these: a path that changes here breaks them.
PROMISED = {
    "AuthService/Register": ("POST", "/auth/register"),
    "AuthService/Login": ("POST", "/auth/login"),
    "AuthService/GetMe": ("GET", "/auth/me"),
    "RatingsService/RateItem": ("POST", "/ratings"),
    "RatingsService/ListMyRatings": ("GET", "/ratings/my"),
    "RatingsService/DeleteRating": ("DELETE", "/ratings/{item_id}"),
    "RatingsService/ImportRatingsFile": ("POST", "/ratings/import"),
    "RatingsService/RecordInteraction": ("POST", "/interactions"),
    "RecommendService/ListPersonalized": ("GET", "/recommendations/personalized"),
    "RecommendService/ListSimilar": ("GET", "/recommendations/similar/{item_type}/{item_id}"),
    "RecommendService/ListPopular": ("GET", "/recommendations/popular"),
    "SearchService/SemanticSearch": ("GET", "/search/semantic"),
    "SearchService/Suggest": ("GET", "/search/suggest"),
    "CatalogService/ListMovies": ("GET", "/movies"),
    "CatalogService/GetMovie": ("GET", "/movies/{movie_id}"),
    "CatalogService/ListBooks": ("GET", "/books"),
    "CatalogService/GetBook": ("GET", "/books/{book_id}"),
    "SystemService/GetHealth": ("GET", "/"),
    "SystemService/GetDocs": ("GET", "/docs"),
    "SystemService/GetOpenApi": ("GET", "/openapi.json"),
}


@dataclass
class Story:
    """Calls RPCs by their HTTP paths, checks the shape of what comes, and remembers which were called."""

    http: httpx.Client
    token: str | None = None
    called: set[str] = field(default_factory=set)

    def call(self, name: str, /, **fields: Any) -> Any:
        response = json_call(self.http, name, fields, token=self.token)
        assert response.status_code == 200, f"{name}: {response.text}"
        assert response.headers["content-type"] == "application/json"
        self.called.add(name)
        body = response.json()
        assert_shape(METHODS[name].output_type, body)
        return body

    def export(self) -> list[dict[str, Any]]:
        """The records of ExportMyData, which arrive as server-sent events."""
        name = "AuthService/ExportMyData"
        response = json_call(self.http, name, token=self.token)
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        self.called.add(name)
        events = [event for event in response.text.split("\n\n") if event]
        assert all(event.startswith("data: ") for event in events)
        records = [json.loads(event.removeprefix("data: ")) for event in events]
        for record in records:
            assert_shape(METHODS[name].output_type, record)
        return records

    def page(self, name: str) -> None:
        """A page that needs no account and is no message of ours."""
        assert json_call(self.http, name).status_code == 200
        self.called.add(name)


def test_promised_paths_keep_their_spelling() -> None:
    rules = {name: http_rule(name) for name in METHODS}
    assert {name: (rules[name].verb, rules[name].path) for name in PROMISED} == PROMISED
    others = [rule.path for name, rule in rules.items() if name not in PROMISED]
    assert all(path.startswith(("/auth/", "/admin/")) for path in others)


def test_every_path_in_one_story(http: httpx.Client, stack: Stack, stack_admin_token: str) -> None:
    story = Story(http)
    email, password, changed = f"{secrets.token_hex(6)}@example.com", secrets.token_hex(8), secrets.token_hex(8)
    _read_without_an_account(story)
    given = _sign_up_and_in(story, email, password)
    _rate_and_be_recommended(story)
    _export(story, email)
    given += _change_and_leave(story, password, changed)
    story.token = stack_admin_token
    _look_after_the_catalogue(story)
    assert story.called == set(METHODS)
    logs = [stack.log, *Path(stack.log.parent, "data", "log").glob("*.log")]
    assert len(logs) >= 2
    for secret in (password, changed, *given):
        assert [log.name for log in logs if secret in log.read_text()] == []


def _read_without_an_account(story: Story) -> None:
    health = story.call("SystemService/GetHealth")
    assert (health["name"], health["status"]) == ("cinelibre", "SERVING_STATUS_SERVING")
    story.page("SystemService/GetDocs")
    story.page("SystemService/GetOpenApi")
    for kind in ("movie", "book"):
        service, plural, single = f"CatalogService/List{kind.title()}s", f"{kind}s", f"CatalogService/Get{kind.title()}"
        first = story.call(service, page_size=2)
        second = story.call(service, page_size=2, page_token=first["next_page_token"])
        ids = [entry[f"{kind}_id"] for entry in first[plural] + second[plural]]
        assert ids == sorted(set(ids))
        assert story.call(single, **{f"{kind}_id": ids[0]})[kind]["title"]
        near = story.call("RecommendService/ListSimilar", item_type=kind, item_id=ids[0], limit=3)
        assert [entry["source"] for entry in near["recommendations"]] == ["ALGORITHM_CONTENT"] * 3
        assert all(entry["reason"] for entry in near["recommendations"])
    tamil = story.call("CatalogService/ListMovies", languages=["ta"], order="CATALOG_ORDER_NEWEST")["movies"]
    assert {movie["language"] for movie in tamil} == {"ta"}
    assert story.call("RecommendService/ListPopular", limit=4)["recommendations"]
    suggested = story.call("SearchService/Suggest", q="pather pan")["suggestions"]
    assert suggested[0]["title"] == "Pather Panchali"
    hits = story.call("SearchService/SemanticSearch", q="एक गाँव का लड़का और रेलगाड़ी", limit=3)["hits"]
    assert len(hits) == 3
    assert hits[0]["score"] >= hits[1]["score"] >= hits[2]["score"]


def _sign_up_and_in(story: Story, email: str, password: str) -> list[str]:
    registered = story.call("AuthService/Register", email=email, password=password, name="")
    assert registered["user"]["name"] == ""
    logged_in = story.call("AuthService/Login", email=email, password=password)
    assert logged_in["user"]["email"] == email
    refreshed = story.call("AuthService/RefreshToken", refresh_token=logged_in["refresh_token"])
    story.token = refreshed["access_token"]
    assert story.call("AuthService/GetMe")["user"] == registered["user"]
    renamed = story.call("AuthService/UpdateMe", user={"name": "அன்னா"}, update_mask="name")
    assert renamed["user"]["name"] == "அன்னா"
    return [tokens[kind] for tokens in (registered, logged_in, refreshed) for kind in ("access_token", "refresh_token")]


def _rate_and_be_recommended(story: Story) -> None:
    before = story.call("RecommendService/ListPersonalized", limit=5)
    for item_id, stars in ((1, 4.5), (2, 1), (3, 5), (4, 3)):
        assert story.call("RatingsService/RateItem", item_id=item_id, stars=stars)["rating"]["stars"] == stars
    mine = story.call("RatingsService/ListMyRatings", page_size=3)
    rest = story.call("RatingsService/ListMyRatings", page_size=3, page_token=mine["next_page_token"])
    assert [entry["rating"]["item_id"] for entry in mine["ratings"] + rest["ratings"]] == [4, 3, 2, 1]
    story.call("RatingsService/DeleteRating", item_id=4)
    after = story.call("RecommendService/ListPersonalized", limit=5, item_type="ITEM_TYPE_MOVIE")
    items = [entry["item"]["item_id"] for entry in after["recommendations"]]
    assert items
    assert not {1, 2, 3} & set(items)
    assert items != [entry["item"]["item_id"] for entry in before["recommendations"]]
    text = "Date,Name,Year,Letterboxd URI,Rating\n2020-01-01,Nobody made it,2016,x,1\n"
    shown = story.call("RatingsService/ImportRatingsFile", text=text, preview=True)["report"]
    assert [row["problem"] for row in shown["unmatched"]] == ["IMPORT_PROBLEM_NOT_FOUND"]
    story.call("RatingsService/RecordInteraction", kind="INTERACTION_KIND_VIEW", item_id=1)
    story.call("RatingsService/RecordInteraction", kind="INTERACTION_KIND_SEARCH", query="रेलगाड़ी")


def _export(story: Story, email: str) -> None:
    records = story.export()
    assert records[0]["user"]["email"] == email
    assert records[-1] == {"end": {"session_count": 2, "rating_count": 3, "interaction_count": 2}}
    assert sorted(record["rating"]["item_id"] for record in records if "rating" in record) == [1, 2, 3]
    assert [record["interaction"]["query"] for record in records if "interaction" in record] == ["", "रेलगाड़ी"]


def _change_and_leave(story: Story, password: str, changed: str) -> list[str]:
    tokens = story.call("AuthService/ChangePassword", current_password=password, new_password=changed)
    story.token = tokens["access_token"]
    assert story.call("AuthService/Logout", all_sessions=False) == {"ended_sessions": 1}
    assert json_call(story.http, "AuthService/GetMe", token=story.token).status_code == 401
    # A bad token is refused on public RPCs too: who signs in anew sends none.
    story.token = None
    email = "leaving-" + secrets.token_hex(6) + "@example.com"
    leaving = story.call("AuthService/Register", email=email, password=changed)
    story.token = leaving["access_token"]
    assert story.call("AuthService/DeleteMe") == {}
    assert json_call(story.http, "AuthService/GetMe", token=story.token).status_code == 401
    return [tokens["access_token"], tokens["refresh_token"], leaving["access_token"]]


def _look_after_the_catalogue(story: Story) -> None:
    changes = {"movie": {"directors": ["Asha Nair"], "cast": ["Leela"]}, "book": {"authors": ["Asha Nair"]}}
    for kind, people in changes.items():
        title = f"கடல் {secrets.token_hex(4)}"
        made = story.call(f"AdminService/Create{kind.title()}", **{kind: {"title": title, "year": 2001}})[kind]
        item_id = made[f"{kind}_id"]
        assert (made["title"], made["original_title"], made["year"]) == (title, title, 2001)
        changed = story.call(
            f"AdminService/Update{kind.title()}",
            **{f"{kind}_id": item_id, kind: {**people, "original_title": "கடல்"}},
            update_mask=",".join(["originalTitle", *people]),
        )[kind]
        assert changed == {**made, **people, "original_title": "கடல்"}
        assert story.call("AdminService/HideItem", item_id=item_id) == {}
        gone = json_call(story.http, f"CatalogService/Get{kind.title()}", {f"{kind}_id": item_id})
        assert gone.status_code == 404
        assert story.call("AdminService/UnhideItem", item_id=item_id) == {}
        assert story.call(f"CatalogService/Get{kind.title()}", **{f"{kind}_id": item_id})[kind] == changed
        entries = story.call("AdminService/ListAuditEntries", item_id=item_id)["entries"]
        assert [entry["action"] for entry in entries] == [
            f"AUDIT_ACTION_{action}" for action in ("UNHIDE", "HIDE", "UPDATE", "CREATE")
        ]
        assert entries[2]["before"] == {**{name: [] for name in people}, "original_title": title}
        assert entries[2]["after"] == {**people, "original_title": "கடல்"}


@pytest.mark.parametrize(
    "request_of",
    [
        lambda http: http.get("/search/semantic?q=action&limit=5"),
        lambda http: http.get("/"),
        lambda http: http.post(
            "/auth/register",
            json={"email": f"{secrets.token_hex(6)}@example.com", "password": "test123", "name": "Test"},
        ),
    ],
    ids=["search", "root", "register"],
)
def test_calls_in_use_today_keep_working(
    http: httpx.Client, request_of: Callable[[httpx.Client], httpx.Response]
) -> None:
    assert request_of(http).status_code == 200


def test_unknown_fields_of_a_body_are_dropped(http: httpx.Client, account: Account) -> None:
    body = {"item_id": 1, "stars": 4, "colour": {"deep": [1]}, "user_id": 1}
    rated = json_call(http, "RatingsService/RateItem", body, token=account.access_token)
    assert rated.status_code == 200
    assert rated.json()["rating"]["stars"] == 4


def test_numbers_may_be_strings_as_proto3_json_says(http: httpx.Client, account: Account) -> None:
    rated = json_call(http, "RatingsService/RateItem", {"item_id": "1", "stars": "3.5"}, token=account.access_token)
    assert rated.json()["rating"]["stars"] == 3.5
