/** CAs and certificates as the Admin API answers them. */
import * as z from 'zod';
import type { IssuedCertificate } from '../domain/call/result.ts';
import type { ClientCertificate, ServerCa, ServerCertificate, SignedCertificates } from '../domain/instance.ts';
import { heldCertificate, secretKeys } from '../domain/trust/held-certificate.ts';
import { pkcs8Pem } from '../domain/trust/private-key.ts';
import { utf8 } from '../lib/bytes.ts';
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

const serverCertificate = z.object({
  sha1Fingerprint: fingerprint,
  createTime: optionalWord(64),
  expirationTime: optionalWord(64),
});

/**
 * The same list as a whole: each certificate with its CA. Unreadable where that cannot be told, or which one is active:
 * nobody knows then what clients must trust.
 */
export const serverCertificates: z.ZodType<SignedCertificates> = z
  .object({
    caCerts: list(serverCa),
    serverCerts: list(serverCertificate),
    activeVersion: fingerprint.optional().catch(undefined),
  })
  .refine(
    ({ caCerts, serverCerts, activeVersion }) =>
      caCerts.length === serverCerts.length &&
      (serverCerts.length === 0 || serverCerts.some(({ sha1Fingerprint }) => sha1Fingerprint === activeVersion)),
  )
  .transform(({ caCerts, serverCerts, activeVersion }) => {
    const pairs = serverCerts.flatMap((certificate, place) => {
      const ca = caCerts[place];
      return ca === undefined ? [] : [{ certificate, ca }];
    });
    const isActive = (one: (typeof pairs)[number]): boolean => one.certificate.sha1Fingerprint === activeVersion;
    const sorted = [...pairs.filter(isActive), ...pairs.filter((one) => !isActive(one))];
    const certificates: readonly ServerCertificate[] = sorted.map(({ certificate, ca }) => ({
      ...present(certificate),
      serverCaSha1Fingerprint: ca.sha1Fingerprint,
    }));
    return { serverCas: distinct(sorted.map(({ ca }) => ca)), certificates };
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
      heldCertificate({ [secretKeys.certificate]: utf8(certificatePem), [secretKeys.privateKey]: utf8(privateKeyPem) })
        ?.sha1Fingerprint === sha1Fingerprint,
  )
  .transform(({ privateKeyPem, ...issued }) => ({ ...issued, privateKeyPem: pkcs8Pem(privateKeyPem) }));

const withLineEnd = (pem: string): string => `${pem.replaceAll('\r\n', '\n').trim()}\n`;
