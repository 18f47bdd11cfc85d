import assert from "node:assert/strict";
import { test } from "node:test";

import { CineLibreClient, MemoryTokenStore } from "../dist/index.js";
import { expired, failure, serve, tokens } from "./server.mjs";

const ACCOUNT = { email: "test@example.com", password: "test123" };

/** Access tokens up to `number` have expired; a refresh gives the next pair. */
function expiring(number) {
  let latest = number;
  return (request) => {
    if (request.url === "/auth/login") return { body: tokens(number) };
    if (request.url === "/auth/refresh") return { body: tokens((latest += 1)) };
    return request.token === `Bearer access-${latest}` && latest > number ? { body: {} } : expired();
  };
}

test("the tokens of a sign-in are sent with the calls after it, until logout", async (t) => {
  const { client, requests } = await serve(t, (request) => ({ body: request.url === "/auth/login" ? tokens(1) : {} }));
  await client.listPopular();
  await client.login(ACCOUNT);
  await client.getMe();
  await client.logout();
  await client.listPopular();
  assert.deepEqual(
    requests.map((request) => request.token),
    [undefined, undefined, "Bearer access-1", "Bearer access-1", undefined],
  );
});

test("an expired token is exchanged and the call repeated", async (t) => {
  const { client, requests } = await serve(t, expiring(1));
  await client.login(ACCOUNT);
  await client.getMe();
  assert.deepEqual(
    requests.map((request) => request.url),
    ["/auth/login", "/auth/me", "/auth/refresh", "/auth/me"],
  );
  assert.deepEqual(requests[2].body, { refresh_token: "refresh-1" });
  assert.equal(requests[2].token, undefined);
  assert.equal(requests[3].token, "Bearer access-2");
});

test("calls that expire together share one refresh", async (t) => {
  const { client, requests } = await serve(t, expiring(1));
  await client.login(ACCOUNT);
  await Promise.all(Array.from({ length: 10 }, () => client.getMe()));
  assert.equal(requests.filter((request) => request.url === "/auth/refresh").length, 1);
});

test("a token that is still expired after a refresh is an error, not a loop", async (t) => {
  const { client, requests } = await serve(t, (request) =>
    request.url.startsWith("/auth/me") ? expired() : { body: tokens(requests.length) },
  );
  await client.login(ACCOUNT);
  await assert.rejects(client.getMe(), { reason: "ERROR_REASON_TOKEN_EXPIRED" });
  assert.equal(requests.length, 4);
});

test("a refused refresh ends the session", async (t) => {
  const { baseUrl, requests } = await serve(t, (request) => {
    if (request.url === "/auth/refresh") return failure(401, 16, "ERROR_REASON_REFRESH_TOKEN_INVALID");
    return request.token === undefined ? { body: {} } : expired();
  });
  const tokenStore = new MemoryTokenStore();
  tokenStore.save({ accessToken: "old", refreshToken: "old" });
  const client = new CineLibreClient({ baseUrl, tokenStore });
  await assert.rejects(client.getMe(), { reason: "ERROR_REASON_REFRESH_TOKEN_INVALID" });
  assert.equal(tokenStore.load(), undefined);
  await client.listPopular();
  assert.equal(requests.at(-1).token, undefined);
});

test("a refresh that fails for the moment keeps the session", async (t) => {
  const { baseUrl } = await serve(t, (request) =>
    request.url === "/auth/refresh" ? failure(500, 13, "ERROR_REASON_INTERNAL") : expired(),
  );
  const tokenStore = new MemoryTokenStore();
  tokenStore.save({ accessToken: "old", refreshToken: "old" });
  await assert.rejects(new CineLibreClient({ baseUrl, tokenStore }).getMe(), { reason: "ERROR_REASON_INTERNAL" });
  assert.deepEqual(tokenStore.load(), { accessToken: "old", refreshToken: "old" });
});

test("a revoked session is forgotten", async (t) => {
  const { baseUrl } = await serve(t, () => failure(401, 16, "ERROR_REASON_SESSION_REVOKED"));
  const tokenStore = new MemoryTokenStore();
  tokenStore.save({ accessToken: "old", refreshToken: "old" });
  const client = new CineLibreClient({ baseUrl, tokenStore });
  await assert.rejects(client.getMe(), { reason: "ERROR_REASON_SESSION_REVOKED" });
  assert.equal(tokenStore.load(), undefined);
});

test("one caller's signal doesn't spoil the refresh of the others", async (t) => {
  let refreshing;
  const begun = new Promise((resolve) => { refreshing = resolve; });
  const answer = expiring(1);
  const { client } = await serve(t, async (request) => {
    if (request.url === "/auth/refresh") {
      refreshing();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return answer(request);
  });
  await client.login(ACCOUNT);
  const controller = new AbortController();
  const impatient = client.getMe({ signal: controller.signal });
  const patient = client.getMe();
  const refused = assert.rejects(impatient, { name: "AbortError" });
  await begun;
  controller.abort();
  await refused;
  assert.deepEqual(await patient, {});
});
