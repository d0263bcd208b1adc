import { EventEmitter } from 'node:events';
import { certificateDoesNotExist, certificateExists, tooManyCertificates } from './api-error.ts';
import type { Authority, Certificate, KeyedCertificate } from './certificates.ts';
import { createAuthority, issue, issueFor } from './certificates.ts';

import type { InstanceChanges, InstanceSettings } from './instance-settings.ts';

const hourMs = 3_600_000;
const mostClientCertificates = 10;

/** A server certificate and the authority that signed it. */
export interface ServerIdentity {
  readonly authority: Authority;
  readonly server: KeyedCertificate;
}

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
  readonly changes = new EventEmitter<{ tls: [TlsChange] }>();
  readonly createTime = new Date().toISOString();
  readonly #authorities: Authorities;
  #settings: InstanceSettings;
  #active: ServerIdentity | undefined;
  #upcoming: ServerIdentity | undefined;
  #previous: ServerIdentity | undefined;
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
      instance.#active = await instance.#newIdentity();
    }
    return instance;
  }

  get settings(): InstanceSettings {
    return this.#settings;
  }

  get active(): ServerIdentity | undefined {
    return this.#active;
  }

  get upcoming(): ServerIdentity | undefined {
    return this.#upcoming;
  }

  /** The active one first. */
  get identities(): readonly ServerIdentity[] {
    return [this.#active, this.#upcoming, this.#previous].filter((identity) => identity !== undefined);
  }

  get clientCertificates(): readonly Certificate[] {
    return this.#clients.map(({ certificate }) => certificate);
  }

  /** The name in the certificates of a CA service. */
  get dnsName(): string | undefined {
    const { name, project, region } = this.#settings;
    return this.#authorities.service ? `${name}.${project}.${region}.sql.goog` : undefined;
  }

  get serverTls(): ServerTls | undefined {
    if (!this.#active) {
      return undefined;
    }
    const { authority, server } = this.#active;
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
    };
  }

  /** Makes the keys; the function that it answers makes the reset. First Generation: what it does shows after a restart. */
  async prepareReset(): Promise<() => void> {
    const identity = await this.#newIdentity();
    return () => {
      if (this.#settings.backendType === 'FIRST_GEN') {
        this.#upcoming = identity;
        this.#resetAtRestart = [...(this.#resetAtRestart ?? []), ...this.#clients];
        this.#clients = [];
        return;
      }
      this.#active = identity;
      this.#upcoming = undefined;
      this.#previous = undefined;
      this.#clients = [];
      this.#changed({ breaksConnections: true });
    };
  }

  restart(): void {
    if (this.#resetAtRestart) {
      this.#resetAtRestart = undefined;
      this.#active = this.#upcoming;
      this.#upcoming = undefined;
    }
    this.#changed({ breaksConnections: true });
  }

  async prepareUpcoming(): Promise<() => void> {
    const identity = await this.#newIdentity();
    return () => {
      this.#upcoming = identity;
    };
  }

  /** Makes the upcoming certificate the active one. */
  rotate(): void {
    if (this.#upcoming) {
      this.#previous = this.#active;
      this.#active = this.#upcoming;
      this.#upcoming = undefined;
      this.#changed({ breaksConnections: true });
    }
  }

  /** Makes the previous certificate the active one again, and the one that took its place an upcoming one. */
  rollBack(): void {
    if (this.#previous) {
      this.#upcoming = this.#active;
      this.#active = this.#previous;
      this.#previous = undefined;
      this.#changed({ breaksConnections: true });
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
      lifetimeMs: hourMs,
    });
  }

  async #newIdentity(): Promise<ServerIdentity> {
    const authority = this.#authorities.service ?? (await createAuthority('Google Cloud SQL Server CA'));
    const { project, name, hasSharedKey } = this.#settings;
    const dnsNames = this.dnsName === undefined ? [] : [this.dnsName];
    return {
      authority,
      server: await issue(authority, { commonName: `${project}:${name}`, usage: 'Server', dnsNames, hasSharedKey }),
    };
  }

  #install({ sha1Fingerprint }: Certificate): void {
    this.#clients = this.#clients.map((client) =>
      client.certificate.sha1Fingerprint === sha1Fingerprint ? { ...client, installed: true } : client,
    );
    this.#changed({ breaksConnections: false });
  }

  #changed(change: TlsChange): void {
    this.changes.emit('tls', change);
  }
}
