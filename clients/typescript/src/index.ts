export { CineLibreClient } from "./client.js";
export type { ClientOptions } from "./client.js";
export { CineLibreError } from "./errors.js";
export type { FieldViolation, StatusCode } from "./errors.js";
export type * from "./generated.js";
export type { CallOptions } from "./operation.js";
export { MemoryTokenStore } from "./tokens.js";
export type { TokenStore, Tokens } from "./tokens.js";
