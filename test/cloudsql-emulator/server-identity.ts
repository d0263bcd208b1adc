import type { Authority, Certificate, KeyedCertificate, Life } from './certificates.ts';
import { createAuthority, issue, yearMs } from './certificates.ts';
import type { InstanceSettings } from './instance-settings.ts';
import type { Version } from './versions.ts';

/** A server certificate and the authority that signed it. */
export interface ServerIdentity extends Version {
  readonly authority: Authority;
  readonly server: KeyedCertificate;
  readonly version: Certificate;
}

export interface IdentityOptions {
  /** The authority of the CA service, where the instance has one. */
  readonly service: Authority | undefined;
  /** What the subjects of all CAs of the instance have in common if they are to be one. */
  readonly qualifier: string;
}

const defaultYears = { own: 10, service: 1 };

const lifeOf = ({ certificateLife: { ageMs, lifetimeMs } }: InstanceSettings, years: number): Life => ({
  ageMs,
  lifetimeMs: lifetimeMs ?? years * yearMs,
});

/** The name in the certificates of a CA service. */
export const dnsNameOf = ({ name, project, region, serverCaMode }: InstanceSettings): string | undefined =>
  serverCaMode === 'GOOGLE_MANAGED_INTERNAL_CA' ? undefined : `${name}.${project}.${region}.sql.goog`;

/** Makes the keys and certificates of one more version: with a CA of its own that too. */
export const createServerIdentity = async (
  settings: InstanceSettings,
  { service, qualifier }: IdentityOptions,
): Promise<ServerIdentity> => {
  const life = lifeOf(settings, service ? defaultYears.service : defaultYears.own);
  const { project, name, hasSharedKey, hasOneSubject } = settings;
  const subject = hasOneSubject ? { qualifier, hasKeyIdentifier: false } : {};
  const authority = service ?? (await createAuthority('Google Cloud SQL Server CA', { ...subject, life }));
  const dnsName = dnsNameOf(settings);
  const server = await issue(authority, {
    commonName: `${project}:${name}`,
    usage: 'Server',
    dnsNames: dnsName === undefined ? [] : [dnsName],
    hasSharedKey,
    life,
  });
  return { authority, server, version: service ? server.certificate : authority.certificate };
};
