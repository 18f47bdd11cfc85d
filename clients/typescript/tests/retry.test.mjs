import assert from "node:assert/strict";
import { test } from "node:test";

import { CineLibreClient } from "../dist/index.js";
import { failure, retryIn, serve, unavailable } from "./server.mjs";

test("a read is tried again until the server is back", async (t) => {
  const { client, requests } = await serve(t, (_, count) => (count < 3 ? unavailable() : { body: { version: "1" } }));
  assert.equal((await client.getHealth()).version, "1");
  assert.equal(requests.length, 3);
});

test("it gives up after the retries it may make", async (t) => {
  const { baseUrl, requests } = await serve(t, unavailable);
  const client = new CineLibreClient({ baseUrl, maxRetries: 1 });
  await assert.rejects(client.getHealth(), { httpStatus: 503, reason: "ERROR_REASON_DATABASE_UNAVAILABLE" });
  assert.equal(requests.length, 2);
});

test("a write is not repeated when it may have been done", async (t) => {
  const { client, requests } = await serve(t, unavailable);
  const interaction = { kind: "INTERACTION_KIND_VIEW", item_id: 7 };
  await assert.rejects(client.recordInteraction(interaction), { code: "UNAVAILABLE" });
  assert.equal(requests.length, 1);
});

test("a write that was turned away for its rate is repeated, after the time the server asks for", async (t) => {
  const limited = failure(429, 8, "ERROR_REASON_RATE_LIMITED", retryIn("0.300s"));
  const { client, requests } = await serve(t, (_, count) => (count === 1 ? limited : {}));
  const start = performance.now();
  await client.recordInteraction({ kind: "INTERACTION_KIND_VIEW", item_id: 7 });
  assert.equal(requests.length, 2);
  // Timers may fire a millisecond early.
  assert.ok(performance.now() - start >= 298);
});

test("a gateway says when to come back in a header", async (t) => {
  const busy = { status: 503, headers: { "retry-after": "60" }, body: { code: 14, message: "Busy.", details: [] } };
  const { client, requests } = await serve(t, () => busy);
  await assert.rejects(client.getHealth(), { retryAfterMs: 60_000 });
  assert.equal(requests.length, 1, "a minute is too long to wait");
});

test("a connection that breaks is tried again only where that does no harm", async (t) => {
  const { client, requests } = await serve(t, (request, count) => (count === 1 ? undefined : { body: {} }));
  await client.listPopular();
  assert.equal(requests.length, 2);
  const broken = await serve(t, () => undefined);
  const viewed = broken.client.recordInteraction({ kind: "INTERACTION_KIND_VIEW", item_id: 7 });
  await assert.rejects(viewed, { httpStatus: 0, code: "UNAVAILABLE" });
  assert.equal(broken.requests.length, 1);
});

test("other errors are not tried again", async (t) => {
  const { client, requests } = await serve(t, () => failure(404, 5, "ERROR_REASON_ITEM_NOT_FOUND"));
  await assert.rejects(client.getMovie({ movie_id: 7 }), { reason: "ERROR_REASON_ITEM_NOT_FOUND" });
  assert.equal(requests.length, 1);
});

test("a signal ends the waiting between tries", async (t) => {
  const waiting = failure(503, 14, "ERROR_REASON_SERVER_NOT_READY", retryIn("5s"));
  const { client, requests } = await serve(t, () => waiting);
  const start = performance.now();
  await assert.rejects(client.getHealth({ signal: AbortSignal.timeout(200) }), { name: "TimeoutError" });
  assert.ok(performance.now() - start < 3000);
  assert.equal(requests.length, 1);
});
