/** CAs and certificates as the Admin API answers them. */
import * as z from 'zod';
import type { IssuedCertificate } from '../domain/call/result.ts';
import type { ClientCertificate, ServerCa } from '../domain/instance.ts';
import { heldCertificate, secretKeys } from '../domain/trust/held-certificate.ts';
import { fingerprint, list, optionalProse, optionalWord, present, word } from './schema-fields.ts';

const certificate = z.object({
  sha1Fingerprint: fingerprint,
  cert: z.string().includes('-----BEGIN CERTIFICATE-----'),
  commonName: optionalProse(1024),
  createTime: optionalWord(64),
  expirationTime: optionalWord(64),
});

export const serverCa: z.ZodType<ServerCa> = certificate.transform(({ cert, ...rest }) => ({
  ...present(rest),
  pem: cert,
}));

export interface ServerCaList {
  readonly serverCas: readonly ServerCa[];
  /** SHA-1 fingerprint of the active one. */
  readonly activeVersion?: string;
}

export const serverCaList: z.ZodType<ServerCaList> = z
  .object({ certs: list(serverCa), activeVersion: fingerprint.optional().catch(undefined) })
  .transform(({ certs, activeVersion }) => ({
    serverCas: certs,
    ...(activeVersion !== undefined && { activeVersion }),
  }));

export interface ServerCertificateList extends ServerCaList {
  /** SHA-1 fingerprint of the active server certificate. */
  readonly serverCertificate?: string;
}

/** `activeVersion` is here that of a server certificate; the CA that signed it has the same place in the other list. */
export const serverCertificateList: z.ZodType<ServerCertificateList> = z
  .object({
    caCerts: list(serverCa),
    serverCerts: list(z.object({ sha1Fingerprint: fingerprint })),
    activeVersion: fingerprint.optional().catch(undefined),
  })
  .transform(({ caCerts, serverCerts, activeVersion }) => {
    const place = serverCerts.findIndex(({ sha1Fingerprint }) => sha1Fingerprint === activeVersion);
    const serverCertificate = serverCerts[place]?.sha1Fingerprint;
    const activeCa = caCerts.length === serverCerts.length ? caCerts[place]?.sha1Fingerprint : undefined;
    return {
      serverCas: distinct(caCerts),
      ...present({ activeVersion: activeCa, serverCertificate }),
    };
  });

/** A CA service signs many certificates with one CA. */
const distinct = (cas: readonly ServerCa[]): readonly ServerCa[] => [
  ...new Map(cas.map((ca) => [ca.sha1Fingerprint, ca])).values(),
];

/** An entry without a fingerprint makes the list unreadable: it decides whether a reset locks somebody out. */
export const clientCertificates: z.ZodType<readonly ClientCertificate[]> = z
  .object({
    // The name as it is, since it is compared.
    items: list(z.object({ commonName: z.string().nullish(), sha1Fingerprint: fingerprint })),
  })
  .transform(({ items }) =>
    items.map(({ commonName, sha1Fingerprint }) => ({ commonName: commonName ?? '', sha1Fingerprint })),
  );

/** A key that is not that of the certificate is as good as none. */
export const issuedCertificate: z.ZodType<IssuedCertificate> = z
  .object({
    clientCert: z.object({
      certInfo: z.object({ sha1Fingerprint: fingerprint, cert: z.string() }),
      certPrivateKey: z.string(),
    }),
    operation: z
      .object({ name: word(256) })
      .optional()
      .catch(undefined),
  })
  .transform(({ clientCert: { certInfo, certPrivateKey }, operation: begun }) => ({
    sha1Fingerprint: certInfo.sha1Fingerprint,
    certificatePem: withLineEnd(certInfo.cert),
    privateKeyPem: withLineEnd(certPrivateKey),
    ...(begun !== undefined && { operation: begun.name }),
  }))
  .refine(
    ({ sha1Fingerprint, certificatePem, privateKeyPem }) =>
      heldCertificate({ [secretKeys.certificate]: certificatePem, [secretKeys.privateKey]: privateKeyPem })
        ?.sha1Fingerprint === sha1Fingerprint,
  );

const withLineEnd = (pem: string): string => `${pem.replaceAll('\r\n', '\n').trim()}\n`;
