import type { Certificate } from './certificates.ts';
import type { Instance } from './instance.ts';
import type { Operation } from './operations.ts';

/** The JSON forms of what the API answers. As in the real one, an empty list is left out. */
export type Resource = Readonly<Record<string, unknown>>;

export const list = (kind: string, items: readonly Resource[], more: Resource = {}): Resource => ({
  kind,
  ...(items.length > 0 ? { items } : {}),
  ...more,
});

const optional = (key: string, value: unknown): Resource => (value === undefined ? {} : { [key]: value });

export const projectLink = (base: string, project: string): string => `${base}/sql/v1beta4/projects/${project}`;

export const sslCert = (certificate: Certificate, instance: Instance, selfLink?: string): Resource => ({
  kind: 'sql#sslCert',
  certSerialNumber: certificate.serialNumber,
  cert: certificate.pem,
  createTime: certificate.createTime,
  commonName: certificate.commonName,
  expirationTime: certificate.expirationTime,
  sha1Fingerprint: certificate.sha1Fingerprint,
  instance: instance.settings.name,
  ...optional('selfLink', selfLink),
});

export const clientCert = (certificate: Certificate, instance: Instance, base: string): Resource => {
  const { project, name } = instance.settings;
  const link = `${projectLink(base, project)}/instances/${name}/sslCerts/${certificate.sha1Fingerprint}`;
  return sslCert(certificate, instance, link);
};

const serverCaCert = (instance: Instance): Resource =>
  instance.active ? { serverCaCert: sslCert(instance.active.authority.certificate, instance) } : {};

const ipAddresses = (instance: Instance): Resource => ({
  ipAddresses: [{ type: 'PRIMARY', ipAddress: instance.settings.ipAddress }],
});

const settingsOf = ({ settings }: Instance): Resource => ({
  kind: 'sql#settings',
  settingsVersion: '1',
  tier: settings.tier,
  activationPolicy: settings.activationPolicy,
  availabilityType: 'ZONAL',
  pricingPlan: 'PER_USE',
  dataDiskSizeGb: '10',
  dataDiskType: 'PD_SSD',
  ipConfiguration: {
    ipv4Enabled: true,
    requireSsl: settings.sslMode === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED',
    sslMode: settings.sslMode,
    serverCaMode: settings.serverCaMode,
    ...optional('serverCertificateRotationMode', settings.serverCertificateRotationMode),
  },
});

export const databaseInstance = (instance: Instance, base: string): Resource => {
  const { project, name, region, state, databaseVersion, backendType, primary } = instance.settings;
  return {
    kind: 'sql#instance',
    project,
    name,
    state,
    databaseVersion,
    backendType,
    instanceType: primary === undefined ? 'CLOUD_SQL_INSTANCE' : 'READ_REPLICA_INSTANCE',
    ...optional('masterInstanceName', primary && `${project}:${primary}`),
    region,
    gceZone: `${region}-b`,
    connectionName: `${project}:${region}:${name}`,
    createTime: instance.createTime,
    ...optional('dnsName', instance.dnsName && `${instance.dnsName}.`),
    ...ipAddresses(instance),
    ...serverCaCert(instance),
    settings: settingsOf(instance),
    selfLink: `${projectLink(base, project)}/instances/${name}`,
  };
};

/** What connectors ask first. */
export const connectSettings = (instance: Instance): Resource => ({
  kind: 'sql#connectSettings',
  region: instance.settings.region,
  databaseVersion: instance.settings.databaseVersion,
  backendType: instance.settings.backendType,
  serverCaMode: instance.settings.serverCaMode,
  ...optional('dnsName', instance.dnsName && `${instance.dnsName}.`),
  ...ipAddresses(instance),
  ...serverCaCert(instance),
});

const operationErrors = ({ error }: Operation): Resource =>
  error ? { error: { kind: 'sql#operationErrors', errors: [{ kind: 'sql#operationError', ...error }] } } : {};

export const operationResource = (operation: Operation, base: string): Resource => {
  const { name, project, instance, type, status, user, insertTime, startTime, endTime } = operation;
  return {
    kind: 'sql#operation',
    targetLink: `${projectLink(base, project)}/instances/${instance}`,
    status,
    user,
    insertTime,
    ...optional('startTime', startTime),
    ...optional('endTime', endTime),
    ...operationErrors(operation),
    operationType: type,
    name,
    targetId: instance,
    selfLink: `${projectLink(base, project)}/operations/${name}`,
    targetProject: project,
  };
};
