import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { certificateDoesNotExist, certificateExists, invalidRequest, tooManyCertificates } from './api-error.ts';
import type { Authority, Certificate, KeyedCertificate } from './certificates.ts';
import { createAuthority, issue, issueFor } from './certificates.ts';
import type { InstanceChanges, InstanceSettings } from './instance-settings.ts';
import type { ServerIdentity } from './server-identity.ts';
import { createServerIdentity, dnsNameOf } from './server-identity.ts';
import type { Versions } from './versions.ts';
import { add, dropRotatedOut, listed, newest, rotateTo } from './versions.ts';

const hourMs = 3_600_000;
const mostClientCertificates = 10;

interface ClientCertificate {
  /** Each has an authority of its own: so deleting one locks out that one alone. */
  readonly authority: Authority;
  readonly certificate: Certificate;
  /** Whether the database knows it: it is listed before. */
  readonly installed: boolean;
}

export interface PreparedClientCertificate {
  readonly issued: KeyedCertificate;
  /** From then on the database lets its holder in. */
  readonly install: () => void;
}

/** What a TLS server of the instance works with: PEM. */
export interface ServerTls {
  readonly certificate: string;
  readonly privateKey: string;
  readonly serverCa: string;
  /** The authorities of all client certificates that are valid now. */
  readonly clientCas: readonly string[];
}

export interface TlsChange {
  /** Whether the instance breaks the existing connections. */
  readonly breaksConnections: boolean;
}

interface Authorities {
  readonly ephemeral: Authority;
  /** The authority of the CA service: shared by instances, and untouched by a reset. */
  readonly service: Authority | undefined;
}

/** One Cloud SQL instance: its settings and its certificates. Effects happen at once; operations give them their time. */
export class Instance {
  /** `versions`: what is listed, or what is active, is no longer what it was. */
  readonly changes = new EventEmitter<{ tls: [TlsChange]; versions: [] }>();
  readonly createTime = new Date().toISOString();
  #authorities: Authorities;
  #settings: InstanceSettings;
  readonly #qualifier = randomUUID();
  /** Absent: it has no server certificate. */
  #versions: Versions<ServerIdentity> | undefined;
  /** First Generation: what the reset made. */
  #fromRestartOn: ServerIdentity | undefined;
  #clients: readonly ClientCertificate[] = [];
  #resetAtRestart: readonly ClientCertificate[] | undefined;

  private constructor(settings: InstanceSettings, authorities: Authorities) {
    this.#settings = settings;
    this.#authorities = authorities;
  }

  static async create(settings: InstanceSettings, service?: Authority): Promise<Instance> {
    const ephemeral = await createAuthority('Google Cloud SQL Client CA');
    const instance = new Instance(settings, { ephemeral, service });
    if (settings.hasServerCertificate) {
      instance.#versions = { active: await instance.#newIdentity() };
    }
    return instance;
  }

  get settings(): InstanceSettings {
    return this.#settings;
  }

  get active(): ServerIdentity | undefined {
    return this.#versions?.active;
  }

  get waiting(): ServerIdentity | undefined {
    return this.#versions?.waiting;
  }

  get rotatedOut(): ServerIdentity | undefined {
    return this.#versions?.rotatedOut;
  }

  /** The active one first, then the others, the oldest first. */
  get identities(): readonly ServerIdentity[] {
    return [...(this.#versions ? listed(this.#versions) : []), ...(this.#fromRestartOn ? [this.#fromRestartOn] : [])];
  }

  get clientCertificates(): readonly Certificate[] {
    return this.#clients.map(({ certificate }) => certificate);
  }

  get dnsName(): string | undefined {
    return dnsNameOf(this.#settings);
  }

  get serverTls(): ServerTls | undefined {
    if (!this.active) {
      return undefined;
    }
    const { authority, server } = this.active;
    const clients = [...this.#clients, ...(this.#resetAtRestart ?? [])].filter(({ installed }) => installed);
    return {
      certificate: server.certificate.pem,
      privateKey: server.privateKey,
      serverCa: authority.certificate.pem,
      clientCas: [this.#authorities.ephemeral, ...clients.map(({ authority: ca }) => ca)].map(
        (ca) => ca.certificate.pem,
      ),
    };
  }

  /** Changes settings from outside, as the owner of the instance or as Google does. */
  update(changes: InstanceChanges): void {
    const { settings } = this;
    this.#settings = {
      ...settings,
      state: changes.state ?? settings.state,
      activationPolicy: changes.activationPolicy ?? settings.activationPolicy,
      sslMode: changes.sslMode ?? settings.sslMode,
      ipAddress: changes.ipAddress ?? settings.ipAddress,
      certificateLife: changes.certificateLife ?? settings.certificateLife,
      rotationBreaksConnections: changes.rotationBreaksConnections ?? settings.rotationBreaksConnections,
    };
  }

  /** The CA service has another CA, which signs what is made from then on; it changes nothing of what there is. */
  changeService(service: Authority): void {
    this.#authorities = { ...this.#authorities, service };
  }

  /** Makes the keys; the function that it answers makes the reset. First Generation: what it does shows after a restart. */
  async prepareReset(): Promise<() => void> {
    const identity = await this.#newIdentity();
    return () => {
      if (this.#settings.backendType === 'FIRST_GEN') {
        this.#fromRestartOn = identity;
        this.changes.emit('versions');
        this.#resetAtRestart = [...(this.#resetAtRestart ?? []), ...this.#clients];
        this.#clients = [];
        return;
      }
      this.#become({ active: identity });
      this.#clients = [];
      this.#changed({ breaksConnections: true });
    };
  }

  restart(): void {
    if (this.#fromRestartOn) {
      this.#become({ active: this.#fromRestartOn });
      this.#fromRestartOn = undefined;
      this.#resetAtRestart = undefined;
    }
    this.#changed({ breaksConnections: true });
  }

  /** @throws ApiError 400. Unverified: that an instance without one has to be reset first, and rotates nothing. */
  requireServerCertificate(): Versions<ServerIdentity> {
    if (!this.#versions) {
      throw invalidRequest('the instance has no server certificate');
    }
    return this.#versions;
  }

  /**
   * Makes one more version, a CA or with a CA service a server certificate; the function that it answers has it wait.
   * @throws ApiError 400 where there is none so far
   */
  async prepareVersion(): Promise<() => void> {
    this.requireServerCertificate();
    const identity = await this.#newIdentity();
    return () => {
      if (this.#versions) {
        this.#become(add(this.#versions, identity));
      }
    };
  }

  /** Has one more version wait, as Google does by itself before an expiry. */
  async addVersion(): Promise<void> {
    (await this.prepareVersion())();
  }

  /**
   * Chooses the version, by default the newest; the function that it answers has the instance serve by it, if it is still
   * listed by then.
   * @throws ApiError 400 where it is not listed, or in use already
   */
  prepareRotation(nextVersion?: string): () => void {
    const versions = this.requireServerCertificate();
    const next = nextVersion ?? newest(versions);
    if (!rotateTo(versions, next)) {
      throw invalidRequest(`there is no version ${next} to rotate to`);
    }
    return () => {
      const rotated = this.#versions && rotateTo(this.#versions, next);
      if (rotated) {
        this.#become(rotated);
        this.#changed({ breaksConnections: this.#settings.rotationBreaksConnections });
      }
    };
  }

  /** @throws ApiError 400 */
  rotate(nextVersion?: string): void {
    this.prepareRotation(nextVersion)();
  }

  /** Rotates to the version that was in use before. */
  rollBack(): void {
    this.rotate(this.rotatedOut?.version.sha1Fingerprint);
  }

  /** Lists the version that was in use before no longer. */
  dropRotatedOut(): void {
    if (this.#versions) {
      this.#become(dropRotatedOut(this.#versions));
    }
  }

  /** @throws ApiError 409 where a client certificate has the name already, 400 where there are as many as may be */
  requireRoomFor(commonName: string): void {
    if (this.#clients.some(({ certificate }) => certificate.commonName === commonName)) {
      throw certificateExists();
    }
    if (this.#clients.length >= mostClientCertificates) {
      throw tooManyCertificates();
    }
  }

  async addClientCertificate(commonName: string): Promise<KeyedCertificate> {
    const { issued, install } = await this.prepareClientCertificate(commonName);
    install();
    return issued;
  }

  /** Makes the key and lists the certificate. */
  async prepareClientCertificate(commonName: string): Promise<PreparedClientCertificate> {
    const authority = await createAuthority(`Google Cloud SQL Client CA ${commonName}`);
    const issued = await issue(authority, { commonName, usage: 'Client' });
    this.#clients = [...this.#clients, { authority, certificate: issued.certificate, installed: false }];
    return { issued, install: () => this.#install(issued.certificate) };
  }

  /** @throws ApiError 404 */
  clientCertificate(sha1Fingerprint: string): Certificate {
    const found = this.clientCertificates.find((certificate) => certificate.sha1Fingerprint === sha1Fingerprint);
    if (!found) {
      throw certificateDoesNotExist();
    }
    return found;
  }

  removeClientCertificate(sha1Fingerprint: string): void {
    this.#clients = this.#clients.filter(({ certificate }) => certificate.sha1Fingerprint !== sha1Fingerprint);
    this.#changed({ breaksConnections: false });
  }

  /** The certificate that a connector works with for an hour. */
  ephemeralCertificate(publicKey: string): Promise<Certificate> {
    return issueFor(this.#authorities.ephemeral, publicKey, {
      commonName: 'cloudsql-ephemeral',
      usage: 'Client',
      life: { ageMs: 0, lifetimeMs: hourMs },
    });
  }

  #newIdentity(): Promise<ServerIdentity> {
    return createServerIdentity(this.#settings, { service: this.#authorities.service, qualifier: this.#qualifier });
  }

  #install({ sha1Fingerprint }: Certificate): void {
    this.#clients = this.#clients.map((client) =>
      client.certificate.sha1Fingerprint === sha1Fingerprint ? { ...client, installed: true } : client,
    );
    this.#changed({ breaksConnections: false });
  }

  #become(versions: Versions<ServerIdentity>): void {
    this.#versions = versions;
    this.changes.emit('versions');
  }

  #changed(change: TlsChange): void {
    this.changes.emit('tls', change);
  }
}
