import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { publishedNames } from '../../domain/trust/published-kinds.ts';
import type { Context } from '../pass.ts';
import { type Awaited, awaitedFollower } from '../rolling/await-followers.ts';

/** What the dependents of a reset wait for. */
export function awaitedByReset(reset: SslReset, { index }: Pick<Context, 'index'>): Awaited {
  const { sha1Fingerprint, published = [] } = reset.status.serverCa ?? {};
  const behind = index.siblingsOf(reset).followersBehind(sha1Fingerprint, published);
  return awaitedFollower({ spec: reset.spec, own: publishedNames(reset.spec), behind });
}
