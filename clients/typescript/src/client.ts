import { CineLibreError, errorFrom } from "./errors.js";
import { events } from "./events.js";
import type {
  DeleteMeResponse,
  ExportMyDataResponse,
  LogoutRequest,
  LogoutResponse,
  RefreshTokenResponse,
} from "./generated.js";
import { Rpcs, operations } from "./generated.js";
import type { CallOptions, Operation } from "./operation.js";
import { route } from "./operation.js";
import { abortable, pause, retryDelay } from "./retry.js";
import type { TokenStore, Tokens } from "./tokens.js";
import { MemoryTokenStore, tokensIn } from "./tokens.js";

export interface ClientOptions {
  /** Where the server is, such as `http://localhost:8080`. */
  readonly baseUrl: string;
  /** Another `fetch`; the platform's own by default. */
  readonly fetch?: typeof globalThis.fetch;
  /** Where tokens are kept; in memory by default. */
  readonly tokenStore?: TokenStore;
  /** How often a failed call is tried again, 3 by default; 0 never. */
  readonly maxRetries?: number;
}

// These sign in by what is in their body. A stale token beside it would only get them refused.
const SIGNING_IN: ReadonlySet<string> = new Set(["Register", "Login", "RefreshToken"]);

/**
 * Calls a CineLibre server. It keeps the tokens of the last sign-in and sends them, gets new ones when they expire,
 * and tries again what failed only for the moment. Every failure is a `CineLibreError`, save an aborted signal's own.
 */
export class CineLibreClient extends Rpcs {
  readonly #baseUrl: string;
  readonly #fetch: typeof globalThis.fetch;
  readonly #tokenStore: TokenStore;
  readonly #maxRetries: number;
  #refreshing: Promise<void> | undefined;

  constructor(options: ClientOptions) {
    super();
    this.#baseUrl = options.baseUrl.replace(/\/+$/, "");
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.#tokenStore = options.tokenStore ?? new MemoryTokenStore();
    this.#maxRetries = options.maxRetries ?? 3;
  }

  /** Ends the session and forgets its tokens. */
  override async logout(request: LogoutRequest = {}, options?: CallOptions): Promise<LogoutResponse> {
    const answer = await super.logout(request, options);
    await this.#tokenStore.save(undefined);
    return answer;
  }

  /** Deletes the account and forgets its tokens. It can't be undone: exportMyData first. */
  override async deleteMe(options?: CallOptions): Promise<DeleteMeResponse> {
    const answer = await super.deleteMe(options);
    await this.#tokenStore.save(undefined);
    return answer;
  }

  /** Streams everything stored about the user; throws DATA_LOSS when the stream was cut off before its `end`. */
  override async *exportMyData(options?: CallOptions): AsyncGenerator<ExportMyDataResponse> {
    let ended = false;
    for await (const record of super.exportMyData(options)) {
      ended ||= record.end !== undefined;
      yield record;
    }
    if (!ended) throw new CineLibreError("the export was cut off", { httpStatus: 200, code: "DATA_LOSS" });
  }

  protected override async call<Answer>(operation: Operation, request: object, options?: CallOptions): Promise<Answer> {
    const answer = await this.#send<Answer>(operation, request, options?.signal, (response) =>
      operation.answer === "text" ? response.text() : response.json(),
    );
    const tokens = tokensIn(answer);
    if (tokens !== undefined) await this.#tokenStore.save(tokens);
    return answer;
  }

  protected override async *stream<Item>(
    operation: Operation,
    request: object,
    options?: CallOptions,
  ): AsyncGenerator<Item> {
    const signal = options?.signal;
    const response = await this.#send<Response>(operation, request, signal, (each) => Promise.resolve(each));
    try {
      yield* events<Item>(response);
    } catch (cause) {
      throw this.#unanswered(cause, signal);
    }
  }

  protected override async *entries<Entry>(
    operation: Operation,
    field: string,
    request: object,
    options?: CallOptions,
  ): AsyncGenerator<Entry> {
    let page: { next_page_token?: string; [field: string]: unknown } = {};
    do {
      const next = page.next_page_token === undefined ? request : { ...request, page_token: page.next_page_token };
      page = await this.call(operation, next, options);
      yield* page[field] as Entry[];
    } while (page.next_page_token);
  }

  /** Sends a call until it succeeds, fails for good, or has been tried often enough. */
  async #send<Answer>(
    operation: Operation,
    request: object,
    signal: AbortSignal | undefined,
    read: (response: Response) => Promise<Answer>,
  ): Promise<Answer> {
    let refreshed = false;
    for (let tries = 0; ; ) {
      const tokens = SIGNING_IN.has(operation.name) ? undefined : await this.#tokenStore.load();
      try {
        const response = await this.#once(operation, request, tokens, signal);
        if (!response.ok) throw await errorFrom(response);
        return await read(response);
      } catch (cause) {
        const error = this.#unanswered(cause, signal);
        if (error.reason === "ERROR_REASON_TOKEN_EXPIRED" && tokens !== undefined && !refreshed) {
          refreshed = true;
          await abortable(this.#refresh(tokens), signal);
          continue;
        }
        if (error.reason === "ERROR_REASON_SESSION_REVOKED") await this.#forget(tokens);
        const delay = tries < this.#maxRetries ? retryDelay(error, operation, tries) : undefined;
        if (delay === undefined) throw error;
        tries += 1;
        await pause(delay, signal);
      }
    }
  }

  #once(
    operation: Operation,
    request: object,
    tokens: Tokens | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const { target, body } = route(operation, request);
    const headers: Record<string, string> = {};
    if (tokens !== undefined) headers["authorization"] = `Bearer ${tokens.accessToken}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    return this.#fetch(this.#baseUrl + target, {
      method: operation.verb,
      headers,
      body: body ?? null,
      signal: signal ?? null,
    });
  }

  /** What went wrong as an error of ours: fetch's own say little, and differ between platforms. */
  #unanswered(cause: unknown, signal: AbortSignal | undefined): CineLibreError {
    if (cause instanceof CineLibreError) return cause;
    signal?.throwIfAborted();
    return new CineLibreError(`no answer from ${this.#baseUrl}`, { httpStatus: 0, code: "UNAVAILABLE" }, { cause });
  }

  /** Gets new tokens in place of `used`. Calls that expire together share one refresh: a token works only once. */
  async #refresh(used: Tokens): Promise<void> {
    const held = await this.#tokenStore.load();
    // Another call has been here already, and has new tokens or found the session over.
    if (held?.accessToken !== used.accessToken) return;
    this.#refreshing ??= this.#exchange(used).finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  async #exchange(used: Tokens): Promise<void> {
    try {
      // Without the caller's signal: others wait for the same answer, and a lost one would end the session.
      await this.call<RefreshTokenResponse>(operations.RefreshToken, { refresh_token: used.refreshToken });
    } catch (error) {
      if (error instanceof CineLibreError && error.code === "UNAUTHENTICATED") await this.#forget(used);
      throw error;
    }
  }

  /** Forgets tokens that will never work again, unless newer ones have taken their place. */
  async #forget(tokens: Tokens | undefined): Promise<void> {
    const held = await this.#tokenStore.load();
    if (held !== undefined && held.accessToken === tokens?.accessToken) await this.#tokenStore.save(undefined);
  }
}
