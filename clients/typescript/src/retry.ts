import type { CineLibreError } from "./errors.js";
import type { Operation } from "./operation.js";

const BASE_MS = 100;
const CAP_MS = 5_000;

/**
 * How long to wait before try number `tries + 1`, in milliseconds; undefined when there should be none.
 *
 * 429 is sent before any work is done, so every call may be repeated after it. After 503, or no answer at all, the
 * work may have been done, so only calls that do no harm when repeated are.
 */
export function retryDelay(error: CineLibreError, operation: Operation, tries: number): number | undefined {
  const unavailable = error.httpStatus === 503 || error.httpStatus === 0;
  if (error.httpStatus !== 429 && !(unavailable && operation.idempotent)) return undefined;
  // "Full jitter": clients that failed together don't come back together.
  const jitter = Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** tries);
  const delay = (error.retryAfterMs ?? 0) + jitter;
  // A caller would rather hear of a long wait than sit through it.
  return delay <= 2 * CAP_MS ? delay : undefined;
}

/** Waits, or throws the signal's reason as soon as it is aborted. */
export async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delayMs);
  });
  try {
    await abortable(over, signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The outcome of `work`, or the signal's reason as soon as it is aborted; the work itself goes on. */
export async function abortable<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
