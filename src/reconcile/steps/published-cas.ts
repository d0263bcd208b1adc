import type { ServerCas } from '../../domain/instance.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { publishedCas } from '../../domain/trust/tls-material.ts';
import type { Context } from '../pass.ts';

/** Which of the listed CAs the object publishes, in its Secret or ConfigMap and in those of its client certificates. */
export function publishedOf(reset: SslReset, listed: ServerCas, { index }: Pick<Context, 'index'>): ServerCas {
  const { sha1Fingerprint, previousSha1Fingerprint } = reset.status.serverCa ?? {};
  const own = [sha1Fingerprint, previousSha1Fingerprint].filter((one) => one !== undefined);
  const siblings = index.siblingsOf(reset);
  const pastActive = [...own, ...siblings.pastActive()];
  const rotating = siblings.rotations.between();
  return publishedCas(listed, reset.spec.serverCa?.contents ?? 'All', { pastActive, rotating });
}
