import { z } from 'zod';
import { invalidRequest } from './api-error.ts';
import type { Call, Handler } from './call.ts';
import { instanceOf, operating, parse, requireReady } from './call.ts';
import type { Instance } from './instance.ts';
import { type Effect, immediately } from './operations.ts';
import { sslCert } from './resources.ts';
import type { ServerIdentity } from './server-identity.ts';

/** Unverified: the order. Nobody who goes by it learns which one is active, or which one waits. */
const oldestFirst = ({ identities }: Instance): readonly ServerIdentity[] =>
  identities.toSorted((a, b) => a.version.createTime.localeCompare(b.version.createTime));

/**
 * With a CA service the API's own words send callers to listServerCertificates. Unverified: that this one still answers
 * there, with the CAs of the service, of which the active one is given once for each server certificate.
 */
export const listServerCas: Handler = (call) => {
  const instance = instanceOf(call);
  const certs = oldestFirst(instance).map(({ authority }) => sslCert(authority.certificate, instance));
  const activeVersion = instance.active?.authority.certificate.sha1Fingerprint;
  return {
    body: { kind: 'sql#instancesListServerCas', ...(activeVersion === undefined ? {} : { certs, activeVersion }) },
  };
};

type Owner = 'Instance' | 'Service';

/** Each kind of instance has methods of its own, says the API. Unverified: how the others are refused. */
const requireCaOf = (owner: Owner, { settings }: Instance): void => {
  if ((settings.serverCaMode === 'GOOGLE_MANAGED_INTERNAL_CA') !== (owner === 'Instance')) {
    throw invalidRequest(`the instance ${owner === 'Instance' ? 'uses' : 'does not use'} a CA service`);
  }
};

/** The lists belong together by position: gcloud pairs them so. */
export const listServerCertificates: Handler = (call) => {
  const instance = instanceOf(call);
  requireCaOf('Service', instance);
  const identities = oldestFirst(instance);
  return {
    body: {
      kind: 'sql#instancesListServerCertificates',
      caCerts: identities.map(({ authority }) => sslCert(authority.certificate, instance)),
      serverCerts: identities.map(({ server }) => sslCert(server.certificate, instance)),
      activeVersion: instance.active?.server.certificate.sha1Fingerprint,
    },
  };
};

/** Unverified: that these two kinds of instances cannot, and how they are refused. */
const requireRotatable = ({ settings }: Instance): void => {
  if (settings.backendType === 'FIRST_GEN') {
    throw invalidRequest('a First Generation instance rotates no server CA');
  }
  if (settings.primary !== undefined) {
    throw invalidRequest('a read replica follows its primary');
  }
};

/** Of a busy instance nobody is told what else would be wrong. Unverified. */
const changing = (owner: Owner, effectOn: (instance: Instance, call: Call) => Effect): Handler =>
  operating('UPDATE', (instance, call) => {
    requireReady(call, instance);
    requireCaOf(owner, instance);
    requireRotatable(instance);
    return effectOn(instance, call);
  });

const nothing = z.strictObject({});

/** The body has to be empty. */
const adding = (owner: Owner): Handler =>
  changing(owner, (instance, { body }) => {
    parse(nothing, body || '{}');
    instance.requireServerCertificate();
    return () => instance.prepareVersion();
  });

const rotating = (owner: Owner, contextOf: (body: string) => { readonly nextVersion?: string | undefined }): Handler =>
  changing(owner, (instance, { body }) =>
    immediately(instance.prepareRotation(contextOf(body || '{}').nextVersion || undefined)),
  );

const context = z.strictObject({ kind: z.string().optional(), nextVersion: z.string().optional() }).default({});
const rotateCaSchema = z.strictObject({ rotateServerCaContext: context });
const rotateCertificateSchema = z.strictObject({ rotateServerCertificateContext: context });

export const addServerCa = adding('Instance');
export const addServerCertificate = adding('Service');
export const rotateServerCa = rotating('Instance', (body) => parse(rotateCaSchema, body).rotateServerCaContext);
export const rotateServerCertificate = rotating(
  'Service',
  (body) => parse(rotateCertificateSchema, body).rotateServerCertificateContext,
);
