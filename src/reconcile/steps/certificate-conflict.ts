import { retryCommand } from '../../domain/gate.ts';
import type { SslReset } from '../../domain/ssl-reset.ts';

/** What was seen, and how a person goes on. */
export function conflict(reset: SslReset, commonName: string, fingerprints: readonly string[]): string {
  const { instance, project } = reset.spec;
  const several =
    fingerprints.length > 1
      ? `several client certificates named ${commonName}`
      : `a client certificate named ${commonName}`;
  return `The instance has ${several} that this object did not issue (${fingerprints.join(', ')}); nothing was deleted. Name another commonName, or delete it: gcloud sql ssl client-certs delete ${commonName} --instance=${instance} --project=${project}; then: ${retryCommand(reset)}`;
}
