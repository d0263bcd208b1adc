import type { ServerCa, ServerCas } from '../domain/instance.ts';
import type { ServerCaList } from './certificate-schemas.ts';

/**
 * The server CAs of an instance, the active one first.
 * @param current reads the instance's own `serverCaCert`; asked only where the list does not say which one is active
 */
export async function activeFirst(
  { serverCas, activeVersion }: ServerCaList,
  current: () => Promise<ServerCa | undefined>,
): Promise<ServerCas> {
  const active = serverCas.find((ca) => ca.sha1Fingerprint === activeVersion) ?? (await current());
  if (active === undefined) return serverCas;
  return [active, ...serverCas.filter((ca) => ca.sha1Fingerprint !== active.sha1Fingerprint)];
}
