/** The JSON of each server-sent event of a response, as it arrives. */
export async function* events<Item>(response: Response): AsyncGenerator<Item> {
  let waiting = "";
  for await (const text of decoded(response)) {
    const parts = (waiting + text).split("\n\n");
    waiting = parts.pop() ?? "";
    for (const part of parts) yield* data<Item>(part);
  }
  yield* data<Item>(waiting);
}

async function* decoded(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      yield decoder.decode(chunk.value, { stream: true });
    }
  } finally {
    // Whoever stops reading early lets the connection go.
    await reader.cancel();
  }
}

function* data<Item>(event: string): Generator<Item> {
  const lines = event.split("\n").filter((line) => line.startsWith("data:"));
  if (lines.length > 0) yield JSON.parse(lines.map((line) => line.slice("data:".length)).join("\n")) as Item;
}
