/** Server CAs like those of Cloud SQL, what a server has of them, and what its clients are given. */
import type { PeerCertificate } from 'node:tls';
import { serverCaPem } from '../../../src/domain/trust/tls-material.ts';
import { type Authority, createAuthority, issue } from '../../cloudsql-emulator/certificates.ts';

/** @param qualifier distinguishes the subjects of two */
export const aServerCa = (qualifier: string): Promise<Authority> =>
  createAuthority('Google Cloud SQL Server CA', { qualifier, hasKeyIdentifier: false });

/** As it is published. */
export const pemOf = (...authorities: readonly Authority[]): string =>
  serverCaPem(authorities.map(({ certificate: { pem, sha1Fingerprint } }) => ({ pem, sha1Fingerprint })));

/** The name in the certificate of a server: that of no host. */
export const SERVER_NAME = 'acme-prod:orders-db';

export async function identity(authority: Authority) {
  const { certificate, privateKey } = await issue(authority, { commonName: SERVER_NAME, usage: 'Server' });
  return { cert: `${certificate.pem}\n${authority.certificate.pem}`, key: privateKey };
}

/** As docs/clients.md gives it to clients on Node, whose own check takes no name with a colon. */
export const isOfInstance =
  (name: string) =>
  (_host: string, { subject }: PeerCertificate): Error | undefined =>
    subject.CN === name ? undefined : new Error('another instance');
