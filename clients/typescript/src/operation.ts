/** One RPC as HTTP knows it. The table of them is generated. */
export interface Operation {
  /** The RPC's name in the contract. */
  readonly name: string;
  readonly verb: string;
  /** The path, with `{field}` where a field of the request goes. */
  readonly path: string;
  /** Whether fields that are not in the path travel in a JSON body; otherwise in the query. */
  readonly body: boolean;
  /** Whether repeating the call does no harm. */
  readonly idempotent: boolean;
  /** How the answer is read. */
  readonly answer: "json" | "text";
}

/** What every method takes besides its request. */
export interface CallOptions {
  /** Ends the call, its retries and its waiting; `AbortSignal.timeout(ms)` is a deadline. */
  readonly signal?: AbortSignal;
}

/** The path and query of a call, and what is left for its body. */
export function route(operation: Operation, request: object): { target: string; body: string | undefined } {
  const rest = new Map<string, unknown>(Object.entries(request));
  const path = operation.path.replace(/\{(\w+)\}/g, (_, field: string) => {
    const value = rest.get(field);
    rest.delete(field);
    return encodeURIComponent(String(value));
  });
  if (operation.body) return { target: path, body: JSON.stringify(Object.fromEntries(rest)) };
  const query = new URLSearchParams([...rest].flatMap(([name, value]) => pairs(name, value))).toString();
  return { target: query === "" ? path : `${path}?${query}`, body: undefined };
}

/** A list is sent as the same name several times; a field that is not set is left out. */
function pairs(name: string, value: unknown): [string, string][] {
  if (value === undefined || value === null) return [];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.map((each) => [name, String(each)]);
}
