/** What of a test's context is needed to clean up after it. */
export interface Cleanup {
  after(fn: () => Promise<void>): void;
}

const stacks = new WeakMap<Cleanup, AsyncDisposableStack>();

/**
 * Does it when the test is over, before what was registered earlier and whatever becomes of that. The hooks of node:test
 * alone are given up at the first that fails, and a process that is then left over keeps the file from ever ending.
 */
export function afterwards(t: Cleanup, work: () => unknown): void {
  stackOf(t).defer(async () => void (await work()));
}

function stackOf(t: Cleanup): AsyncDisposableStack {
  const known = stacks.get(t);
  if (known !== undefined) return known;
  const stack = new AsyncDisposableStack();
  t.after(() => stack.disposeAsync());
  stacks.set(t, stack);
  return stack;
}
