/** Awaits `pending` for at most `timeoutMs` milliseconds. @throws DOMException `TimeoutError` */
export async function within<T>(timeoutMs: number, pending: Promise<T>): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new DOMException('no answer in time', 'TimeoutError')), timeoutMs);
  try {
    return await Promise.race([pending, expired]);
  } finally {
    clearTimeout(timer);
  }
}
