import type { ClientCertificate } from '../../domain/instance.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { recordedCertificate } from '../../domain/trust/certificate-status.ts';
import { type CertificateJudgement, judgeCertificate, type KeySecret } from '../../domain/trust/client-certificate.ts';
import type { WantedCertificate } from '../../domain/trust/distribution.ts';
import { heldCertificate } from '../../domain/trust/held-certificate.ts';
import type { Context } from '../pass.ts';
import type { PublishedObject } from '../ports.ts';
import { originOf } from '../publishing/targets.ts';

/** One client certificate that the spec wants, and what there is of it. */
export interface JudgedCertificate {
  readonly wanted: WantedCertificate;
  readonly secret: PublishedObject | undefined;
  readonly judgement: CertificateJudgement;
}

export type Secrets = ReadonlyMap<string, PublishedObject>;

/**
 * Those that the spec names, and those that held the certificates before. Read before all else: if newer
 * ones are published after that, an apply over this conflicts.
 */
export async function readSecrets(reset: SslReset, { objects }: Context): Promise<Secrets> {
  const { clientCertificates: wanted = [] } = reset.spec;
  const past = wanted.flatMap(({ commonName }) => recordedCertificate(reset, commonName)?.secretName ?? []);
  const names = new Set([...wanted.map(({ secretName }) => secretName), ...past]);
  const { namespace } = reset.metadata;
  const read = await Promise.all([...names].map((name) => objects.get({ kind: 'Secret', namespace, name })));
  return new Map(read.flatMap((secret) => (secret === undefined ? [] : [[secret.name, secret]])));
}

export function judge(
  wanted: WantedCertificate,
  secrets: Secrets,
  reset: SslReset,
  listed: readonly ClientCertificate[],
): JudgedCertificate {
  const { commonName, secretName } = wanted;
  const secret = secrets.get(secretName);
  const judgement = judgeCertificate({
    commonName,
    recorded: recordedCertificate(reset, commonName),
    listed,
    secret: secret && keySecret(secret, reset),
    others: [...secrets.values()].filter((one) => one !== secret).map((one) => keySecret(one, reset)),
  });
  return { wanted, secret, judgement };
}

const keySecret = (secret: PublishedObject, reset: SslReset): KeySecret => ({
  name: secret.name,
  origin: originOf(secret, reset),
  held: heldCertificate(secret.data),
});
