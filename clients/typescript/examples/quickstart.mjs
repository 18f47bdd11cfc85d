// Signs up, rates three films, and asks what to watch next. Run it with CINELIBRE_URL=http://localhost:8080
// in this folder after `npm ci`; it leaves nothing behind on the server.

import { randomUUID } from "node:crypto";

import { CineLibreClient } from "@cinelibre/client";

const client = new CineLibreClient({ baseUrl: process.env.CINELIBRE_URL ?? "http://localhost:8080" });
const titleOf = (item) => (item.movie ?? item.book).title;

const email = `quickstart-${randomUUID()}@example.com`;
await client.register({ email, password: "monsoon-7", name: "Quick Start" });
console.log(`Signed up as ${email}`);

const { movies } = await client.listMovies({ page_size: 3 });
for (const [index, movie] of movies.entries()) {
  const stars = 5 - index / 2;
  await client.rateItem({ item_id: movie.movie_id, stars });
  console.log(`Rated ${movie.title} ${stars}`);
}

const { recommendations, algorithm } = await client.listPersonalized({ limit: 5 });
console.log(`\nFor you (${algorithm}):`);
for (const { item, reason } of recommendations) console.log(`- ${titleOf(item)}: ${reason}`);

const { hits } = await client.semanticSearch({ q: "two friends on a long journey", limit: 5 });
console.log("\nTwo friends on a long journey:");
for (const { item, score } of hits) console.log(`- ${titleOf(item)} (${score.toFixed(2)})`);

await client.deleteMe();
if (movies.length < 3 || recommendations.length === 0 || hits.length === 0) {
  console.error("The server's catalogue is empty: run `make up`, which loads one.");
  process.exitCode = 1;
}
