import { createServer } from "node:http";
import { once } from "node:events";

import { CineLibreClient } from "../dist/index.js";

/**
 * A real HTTP server for one test. `answer(request)` returns `{ status, body, headers }` or destroys the connection by
 * returning undefined; `requests` records what arrived.
 */
export async function serve(test, answer) {
  const requests = [];
  const server = createServer(async (incoming, outgoing) => {
    let text = "";
    for await (const chunk of incoming) text += chunk;
    const { method, url, headers } = incoming;
    const request = { method, url, token: headers.authorization, body: text === "" ? undefined : JSON.parse(text) };
    requests.push(request);
    const reply = await answer(request, requests.length);
    if (reply === undefined) return outgoing.destroy();
    const { status = 200, body = {}, headers: extra = {} } = reply;
    outgoing.writeHead(status, { "content-type": "application/json", "x-request-id": "request-1", ...extra });
    return outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  return { baseUrl, requests, client: new CineLibreClient({ baseUrl }) };
}

/** An error as the server sends it. */
export function failure(status, code, reason, ...details) {
  const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "cinelibre", metadata: {} };
  return { status, body: { code, message: "It failed.", details: [info, ...details] } };
}

export const expired = () => failure(401, 16, "ERROR_REASON_TOKEN_EXPIRED");
export const unavailable = () => failure(503, 14, "ERROR_REASON_DATABASE_UNAVAILABLE");

export function retryIn(delay) {
  return { "@type": "type.googleapis.com/google.rpc.RetryInfo", retry_delay: delay };
}

export function tokens(number) {
  return { access_token: `access-${number}`, refresh_token: `refresh-${number}`, expires_in: 60, token_type: "Bearer" };
}
