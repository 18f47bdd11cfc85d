import assert from "node:assert/strict";
import { test } from "node:test";

import { CineLibreError } from "../dist/index.js";
import { failure, serve } from "./server.mjs";

test("fields go into the path, the query or the body", async (t) => {
  const { client, requests } = await serve(t, () => ({}));
  await client.listSimilar({ item_type: "movie", item_id: 7, limit: 2, page_token: undefined });
  await client.listMovies({ languages: ["hi", "ta"], title_contains: "a+b c&d" });
  await client.rateItem({ item_id: 7, stars: 4.5 });
  assert.equal(requests[0].url, "/recommendations/similar/movie/7?limit=2");
  assert.equal(requests[1].url, "/movies?languages=hi&languages=ta&title_contains=a%2Bb+c%26d");
  assert.deepEqual([requests[2].method, requests[2].url], ["POST", "/ratings"]);
  assert.deepEqual(requests[2].body, { item_id: 7, stars: 4.5 });
});

test("a field of the path can't leave its place", async (t) => {
  const { client, requests } = await serve(t, () => ({}));
  await client.listSimilar({ item_type: "../../auth/me?", item_id: 7 });
  assert.equal(requests[0].url, "/recommendations/similar/..%2F..%2Fauth%2Fme%3F/7");
});

test("all pages are read, and only as far as needed", async (t) => {
  const { client, requests } = await serve(t, (request) =>
    request.url.includes("page_token=two")
      ? { body: { movies: [{ movie_id: 3 }], next_page_token: "" } }
      : { body: { movies: [{ movie_id: 1 }, { movie_id: 2 }], next_page_token: "two" } },
  );
  const ids = [];
  for await (const movie of client.listMoviesAll({ page_size: 2 })) ids.push(movie.movie_id);
  assert.deepEqual(ids, [1, 2, 3]);
  assert.equal(requests[1].url, "/movies?page_size=2&page_token=two");
  for await (const movie of client.listMoviesAll()) if (movie.movie_id === 1) break;
  assert.equal(requests.length, 3);
});

test("an error carries all that the server said", async (t) => {
  const violation = { field: "q", description: "must not be empty", reason: "q.not_blank" };
  const bad = { "@type": "type.googleapis.com/google.rpc.BadRequest", field_violations: [violation] };
  const { client } = await serve(t, () => failure(400, 3, "ERROR_REASON_INVALID_FIELD", bad));
  await assert.rejects(client.semanticSearch({ q: "" }), (error) => {
    assert.ok(error instanceof CineLibreError);
    assert.equal(error.message, "It failed.");
    assert.equal(error.httpStatus, 400);
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.equal(error.reason, "ERROR_REASON_INVALID_FIELD");
    assert.deepEqual(error.fieldViolations, [violation]);
    assert.equal(error.requestId, "request-1");
    return true;
  });
});

test("a proxy's error page is an error too", async (t) => {
  const { client } = await serve(t, () => ({ status: 404, body: "<h1>Not here</h1>" }));
  await assert.rejects(client.getHealth(), { name: "CineLibreError", httpStatus: 404, code: "NOT_FOUND" });
});

test("an export is read record by record", async (t) => {
  const body = 'data: {"user":{"user_id":1}}\n\ndata: {"end":{"rating_count":0}}\n\n';
  const { client } = await serve(t, () => ({ body, headers: { "content-type": "text/event-stream" } }));
  const records = [];
  for await (const record of client.exportMyData()) records.push(record);
  assert.deepEqual(records, [{ user: { user_id: 1 } }, { end: { rating_count: 0 } }]);
});

test("an export without its last record is an error", async (t) => {
  const { client } = await serve(t, () => ({ body: 'data: {"user":{"user_id":1}}\n\n' }));
  const read = async () => {
    for await (const _ of client.exportMyData()) continue;
  };
  await assert.rejects(read, { name: "CineLibreError", code: "DATA_LOSS" });
});
