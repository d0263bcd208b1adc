/** The maintenance windows of a request. */
import type { NamespaceView } from '../../domain/permission.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { after, type Conclusion, type Context } from '../pass.ts';
import { closedWindows, opening } from '../window-check.ts';

export type WindowCheck = { readonly kind: 'Closed'; readonly conclusion: Conclusion } | { readonly kind: 'Open' };

export async function checkWindows(
  reset: SslReset,
  view: NamespaceView | undefined,
  context: Pick<Context, 'calendar' | 'clock' | 'settings'>,
): Promise<WindowCheck> {
  const closed = await closedWindows(reset, view, context);
  if (closed === undefined) return { kind: 'Open' };
  const { verdict, afterMs } = closed;
  return {
    kind: 'Closed',
    conclusion: { verdict, changes: { nextWindowTime: opening(closed) }, next: after(afterMs) },
  };
}
