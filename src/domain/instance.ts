/** What the operator reads of a Cloud SQL instance. Foreign words stay strings: the API may answer new ones tomorrow. */
export interface Instance {
  /** `RUNNABLE`, `SUSPENDED`, `PENDING_CREATE`, `MAINTENANCE`, `FAILED`, … */
  readonly state: string;
  /** `ALWAYS` or `NEVER`; an instance that is `NEVER` is stopped. */
  readonly activationPolicy?: string;
  /** `FIRST_GEN`, `SECOND_GEN` or `EXTERNAL`. */
  readonly backendType?: string;
  /** `ALLOW_UNENCRYPTED_AND_ENCRYPTED`, `ENCRYPTED_ONLY` or `TRUSTED_CLIENT_CERTIFICATE_REQUIRED`. */
  readonly sslMode?: string;
  /** `GOOGLE_MANAGED_INTERNAL_CA` (also where absent), `GOOGLE_MANAGED_CAS_CA` or `CUSTOMER_MANAGED_CAS_CA`. */
  readonly serverCaMode?: string;
  /** SHA-1 fingerprint of the active server CA, lower-case hex; absent: the instance has no server certificate. */
  readonly serverCaSha1Fingerprint?: string;
}

/** One server CA of an instance. */
export interface ServerCa {
  /** SHA-1 of the certificate, lower-case hex. */
  readonly sha1Fingerprint: string;
  /** One or several PEM blocks. */
  readonly pem: string;
  readonly commonName?: string;
  /** RFC 3339. */
  readonly createTime?: string;
  /** RFC 3339. */
  readonly expirationTime?: string;
}

/** The server CAs of an instance, the active one first. Empty: the instance has none. */
export type ServerCas = readonly ServerCa[];

export interface ClientCertificate {
  readonly commonName: string;
  /** SHA-1 of the certificate, lower-case hex. */
  readonly sha1Fingerprint: string;
}
