/** The pair of tokens of a session. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Where the tokens are kept between calls, or between visits. */
export interface TokenStore {
  /** The tokens of the session; undefined when nobody is signed in. */
  load(): Tokens | undefined | Promise<Tokens | undefined>;
  /** Keeps new tokens; undefined forgets them. */
  save(tokens: Tokens | undefined): void | Promise<void>;
}

/** Keeps the tokens for as long as the client lives. */
export class MemoryTokenStore implements TokenStore {
  #tokens: Tokens | undefined;

  load(): Tokens | undefined {
    return this.#tokens;
  }

  save(tokens: Tokens | undefined): void {
    this.#tokens = tokens;
  }
}

/** The tokens that an answer carries: those of Register, Login, RefreshToken and ChangePassword do. */
export function tokensIn(answer: unknown): Tokens | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const { access_token, refresh_token } = answer as Record<string, unknown>;
  if (typeof access_token !== "string" || typeof refresh_token !== "string") return undefined;
  return { accessToken: access_token, refreshToken: refresh_token };
}
