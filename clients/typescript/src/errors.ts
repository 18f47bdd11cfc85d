import type { BadRequest, Error as ErrorBody, ErrorInfo, ErrorReason, RetryInfo } from "./generated.js";

/** The gRPC status codes, by number. */
const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

export type StatusCode = (typeof CODES)[number];

/** A field that the server refused, and what it allows. */
export interface FieldViolation {
  /** The field's path, such as `user.name`. */
  readonly field: string;
  /** What is allowed, for people. */
  readonly description: string;
  /** The rule's id; may be empty. */
  readonly reason: string;
}

interface Facts {
  readonly httpStatus: number;
  readonly code: StatusCode;
  readonly reason?: ErrorReason | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly fieldViolations?: readonly FieldViolation[] | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
}

/** A call that failed. Branch on `reason`, or on `code` where there is none. */
export class CineLibreError extends Error {
  override readonly name = "CineLibreError";
  /** The HTTP status; 0 when no answer came. */
  readonly httpStatus: number;
  /** The gRPC status code. */
  readonly code: StatusCode;
  /** Why, for programs; undefined when the error is not from the server itself. */
  readonly reason: ErrorReason | undefined;
  /** More about the reason, as names and values. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields that were refused; empty for other errors. */
  readonly fieldViolations: readonly FieldViolation[];
  /** How long the server asks to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Finds the call in the server's log. */
  readonly requestId: string | undefined;

  constructor(message: string, facts: Facts, options?: ErrorOptions) {
    super(message, options);
    this.httpStatus = facts.httpStatus;
    this.code = facts.code;
    this.reason = facts.reason;
    this.metadata = facts.metadata ?? {};
    this.fieldViolations = facts.fieldViolations ?? [];
    this.retryAfterMs = facts.retryAfterMs;
    this.requestId = facts.requestId;
  }
}

/** The error that a failed response stands for. */
export async function errorFrom(response: Response): Promise<CineLibreError> {
  const text = await response.text();
  const requestId = response.headers.get("x-request-id") ?? undefined;
  const httpStatus = response.status;
  // A gateway's refusal has the header instead of details.
  const header = milliseconds(response.headers.get("retry-after") ?? undefined);
  const body = parse(text);
  if (body === undefined) {
    // Not from the server: a proxy in between answers in its own way.
    const message = `HTTP ${response.status} ${response.statusText}`.trim();
    return new CineLibreError(message, { httpStatus, code: codeOf(httpStatus), retryAfterMs: header, requestId });
  }
  const info = detail<ErrorInfo>(body, "ErrorInfo");
  return new CineLibreError(body.message, {
    httpStatus,
    code: CODES[body.code] ?? "UNKNOWN",
    reason: info?.reason,
    metadata: info?.metadata,
    fieldViolations: detail<BadRequest>(body, "BadRequest")?.field_violations,
    retryAfterMs: milliseconds(detail<RetryInfo>(body, "RetryInfo")?.retry_delay) ?? header,
    requestId,
  });
}

function parse(text: string): ErrorBody | undefined {
  try {
    const body = JSON.parse(text) as Partial<ErrorBody> | null;
    if (typeof body?.code !== "number" || typeof body.message !== "string") return undefined;
    return { code: body.code, message: body.message, details: body.details ?? [] };
  } catch {
    return undefined;
  }
}

function detail<Detail extends ErrorBody["details"][number]>(body: ErrorBody, type: string): Detail | undefined {
  return body.details.find((each) => each["@type"] === `type.googleapis.com/google.rpc.${type}`) as Detail | undefined;
}

/** Seconds, as a protobuf Duration ("1.500s") or a Retry-After header ("1"), in milliseconds. */
function milliseconds(seconds: string | undefined): number | undefined {
  const value = Number.parseFloat(seconds ?? "");
  return Number.isNaN(value) ? undefined : Math.ceil(value * 1000);
}

function codeOf(status: number): StatusCode {
  const codes: Record<number, StatusCode> = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
  };
  return codes[status] ?? "UNKNOWN";
}
