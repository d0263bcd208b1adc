/** Awaits `pending` for at most `timeoutMs` milliseconds. @throws what `late` makes, or else a DOMException `TimeoutError` */
export async function within<T>(timeoutMs: number, pending: Promise<T>, late: () => Error = noAnswer): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), timeoutMs);
  try {
    return await Promise.race([pending, expired]);
  } finally {
    clearTimeout(timer);
  }
}

const noAnswer = (): Error => new DOMException('no answer in time', 'TimeoutError');
