/**
 * How long a test waits for what must come. It comes in seconds where nothing else runs; waiting costs nothing, and a
 * machine that is busy is no reason to fail.
 */
export const PATIENCE_MS = 300_000;

/** The same for `kubectl` and `helm`. */
export const PATIENCE = `--timeout=${PATIENCE_MS / 1000}s`;
