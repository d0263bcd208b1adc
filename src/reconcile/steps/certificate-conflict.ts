import { retryCommand } from '../../domain/reset/admission.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { shell } from '../../lib/shell.ts';

/** What was seen, and how a person goes on. */
export function conflict(reset: SslReset, commonName: string, fingerprints: readonly string[]): string {
  const several =
    fingerprints.length > 1
      ? `several client certificates named ${commonName}`
      : `a client certificate named ${commonName}`;
  return `The instance has ${several} that this object did not issue (${fingerprints.join(', ')}); nothing was deleted. Choose another commonName, or name in secretName the Secret that holds its key, or delete it with: ${deleteCommand(reset, commonName)}; then: ${retryCommand(reset)}`;
}

/** What begins with a dash would be taken for a flag, but after `--`. */
function deleteCommand({ spec: { instance, project } }: SslReset, commonName: string): string {
  return commonName.startsWith('-')
    ? shell`gcloud sql ssl client-certs delete --instance=${instance} --project=${project} -- ${commonName}`
    : shell`gcloud sql ssl client-certs delete ${commonName} --instance=${instance} --project=${project}`;
}
