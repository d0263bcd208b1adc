import { z } from 'zod';
import type { Handler } from './call.ts';
import { begin, instanceOf, operating, parse, requireReady } from './call.ts';
import { immediately } from './operations.ts';
import { clientCert, list, operationResource, sslCert } from './resources.ts';

export const listSslCerts: Handler = (call) => {
  const instance = instanceOf(call);
  const items = instance.clientCertificates.map((certificate) => clientCert(certificate, instance, call.base));
  return { body: list('sql#sslCertsList', items) };
};

export const getSslCert: Handler = (call) => {
  const instance = instanceOf(call);
  return { body: clientCert(instance.clientCertificate(call.route.fingerprint ?? ''), instance, call.base) };
};

const insertSchema = z.object({ commonName: z.string().regex(/^[\w.\- ]{1,64}$/) });

/**
 * The certificate is listed at once, and gcloud, which waits for no operation here, goes on with it. Unverified: that
 * the database lets it in no earlier than the operation's end, and that the type of the operation is UPDATE.
 */
export const insertSslCert: Handler = async (call) => {
  const instance = instanceOf(call);
  const { commonName } = parse(insertSchema, call.body);
  instance.requireRoomFor(commonName);
  requireReady(call, instance);
  // The operation comes first: making the keys takes time, in which no other call may get through.
  const prepared = instance.prepareClientCertificate(commonName);
  const operation = begin(call, instance, 'UPDATE', async () => (await prepared).install);
  const { certificate, privateKey } = (await prepared).issued;
  return {
    body: {
      kind: 'sql#sslCertsInsert',
      operation: operationResource(operation, call.base),
      ...(instance.active ? { serverCaCert: sslCert(instance.active.authority.certificate, instance) } : {}),
      clientCert: { certInfo: clientCert(certificate, instance, call.base), certPrivateKey: privateKey },
    },
    operation: operation.name,
  };
};

export const deleteSslCert = operating('UPDATE', (instance, { route }) => {
  const { sha1Fingerprint } = instance.clientCertificate(route.fingerprint ?? '');
  return immediately(() => instance.removeClientCertificate(sha1Fingerprint));
});

const ephemeralSchema = z.object({ public_key: z.string() });

export const generateEphemeralCert: Handler = async (call) => {
  const instance = instanceOf(call);
  const { public_key: publicKey } = parse(ephemeralSchema, call.body);
  return { body: { ephemeralCert: sslCert(await instance.ephemeralCertificate(publicKey), instance) } };
};
