import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { recordedCertificate } from '../../domain/trust/certificate-status.ts';
import { privateKeyIn } from '../../domain/trust/held-certificate.ts';
import { passwordRefs } from '../../domain/trust/keystore-password.ts';
import { after, type Context, type StepResult } from '../pass.ts';
import { Passwords } from '../publishing/passwords.ts';
import { receive } from './receive.ts';

/**
 * Nobody watches the Secrets of passwords, so they are read again and again. Where a password is another one than what was
 * published with, all is published again and rolls: clients open the keystore for each connection, and have the old
 * password in their environment.
 */
export async function lookAtPasswords(reset: SslReset, context: Context): Promise<StepResult> {
  const passwords = await Passwords.read(reset, context.objects);
  return (await hasChanged(reset, passwords, context))
    ? receive(reset, 'Again', context)
    : { next: after(context.settings.serverCaResyncMs) };
}

/** What is missing is no change: who works with it works on. */
async function hasChanged(reset: SslReset, passwords: Passwords, { objects }: Context): Promise<boolean> {
  const { namespace } = reset.metadata;
  for (const wanted of reset.spec.clientCertificates ?? []) {
    if (passwordRefs(wanted).length === 0) continue;
    const secret = await objects.get({ kind: 'Secret', namespace, name: wanted.secretName });
    const digest = secret && passwords.digest(wanted, privateKeyIn(secret.data));
    const published = recordedCertificate(reset, wanted.commonName)?.passwordDigest;
    if (digest !== undefined && digest !== published) return true;
  }
  return false;
}
