/** What the operator reads of a Cloud SQL instance. Foreign words stay strings: the API may answer new ones tomorrow. */

/** A Cloud SQL instance. */
export interface InstanceRef {
  readonly project: string;
  readonly instance: string;
}

/** Of an instance, among all. Joined: V8 holds a template's text as its parts, three times as large. */
export const instanceKey = ({ project, instance }: InstanceRef): string => [project, instance].join('/');

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
  /** With a CA service: `NO_AUTOMATIC_ROTATION`, or `AUTOMATIC_ROTATION_DURING_MAINTENANCE`. */
  readonly serverCertificateRotationMode?: string;
  /** Its read replicas; absent: it has none. */
  readonly replicaNames?: readonly string[];
  /** Of a replica: the instance that it follows. */
  readonly primary?: string;
  /** SHA-1 fingerprint of the active server CA, lower-case hex; absent: the instance has no server certificate. */
  readonly serverCaSha1Fingerprint?: string;
  /** The active server CA itself; absent also where it cannot be read. */
  readonly serverCa?: ServerCa;
}

/** Who keeps the CA that signs the server certificate. */
export type CaOwner =
  /** The instance has a CA of its own: a reset makes another one. */
  | 'Instance'
  /** A CA service signs: a reset makes another server certificate, and the CA stays the same. */
  | 'Service'
  /** A mode that this version does not know: what a reset did is judged by what is seen after it. */
  | 'Unknown';

export function caOwner({ serverCaMode = '' }: Instance): CaOwner {
  switch (serverCaMode) {
    case '':
    case 'CA_MODE_UNSPECIFIED':
    case 'GOOGLE_MANAGED_INTERNAL_CA':
      return 'Instance';
    case 'GOOGLE_MANAGED_CAS_CA':
    case 'CUSTOMER_MANAGED_CAS_CA':
      return 'Service';
    default:
      return 'Unknown';
  }
}

/** What a reset did to a First Generation instance takes effect when it is restarted. */
export const isFirstGeneration = ({ backendType }: Instance): boolean => backendType === 'FIRST_GEN';

/** One server CA of an instance. */
export interface ServerCa {
  /** What the API says: SHA-1 of the certificate, lower-case hex; of one of them where there are several. */
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

/** A certificate by which an instance with a CA service serves, or may serve. */
export interface ServerCertificate extends Pick<ServerCa, 'sha1Fingerprint' | 'createTime' | 'expirationTime'> {
  /** SHA-1 fingerprint of the CA that signed it. */
  readonly serverCaSha1Fingerprint: string;
}

/** Both of an instance with a CA service, the active ones first. Empty: the instance has none. */
export interface SignedCertificates {
  readonly serverCas: ServerCas;
  readonly certificates: readonly ServerCertificate[];
}

export interface ClientCertificate {
  readonly commonName: string;
  /** SHA-1 of the certificate, lower-case hex. */
  readonly sha1Fingerprint: string;
}
