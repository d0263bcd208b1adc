import { z } from 'zod';

const lifeSchema = z
  .strictObject({
    ageMs: z.number().nonnegative().default(0),
    /** By default ten years, and one year of a server certificate by a CA service. */
    lifetimeMs: z.number().positive().optional(),
  })
  .readonly();

/** What an instance is made with; everything but project and name has a default. */
export const instanceSchema = z
  .strictObject({
    project: z.string(),
    name: z.string(),
    region: z.string().default('europe-west1'),
    databaseVersion: z.string().default('POSTGRES_17'),
    tier: z.string().default('db-custom-1-3840'),
    state: z.string().default('RUNNABLE'),
    activationPolicy: z.string().default('ALWAYS'),
    backendType: z.enum(['SECOND_GEN', 'FIRST_GEN', 'EXTERNAL']).default('SECOND_GEN'),
    sslMode: z.string().default('ALLOW_UNENCRYPTED_AND_ENCRYPTED'),
    serverCaMode: z
      .enum(['GOOGLE_MANAGED_INTERNAL_CA', 'GOOGLE_MANAGED_CAS_CA', 'CUSTOMER_MANAGED_CAS_CA'])
      .default('GOOGLE_MANAGED_INTERNAL_CA'),
    /** Where the database, and the TLS server for connectors, is to be found. */
    ipAddress: z.string().default('127.0.0.1'),
    /** Makes it a read replica of that instance. */
    primary: z.string().optional(),
    /** False: an old instance that has to be reset once to get a server certificate. */
    hasServerCertificate: z.boolean().default(true),
    /** A server key that it shares with others like it: a thousand RSA keys take minutes, and the API shows none. */
    hasSharedKey: z.boolean().default(false),
    /** Of what is made from now on: server CA and server certificate, with a CA service the server certificate alone. */
    certificateLife: lifeSchema.default({ ageMs: 0 }),
    /** All its CAs have one subject and no key identifier: no client can tell which of them signed a certificate. */
    hasOneSubject: z.boolean().default(false),
    /** False: the server takes another certificate by a reload. Unverified: which of the two Cloud SQL does. */
    rotationBreaksConnections: z.boolean().default(false),
    /** `settings.ipConfiguration.serverCertificateRotationMode`: shown, and nothing rotates by itself. */
    serverCertificateRotationMode: z
      .enum(['NO_AUTOMATIC_ROTATION', 'AUTOMATIC_ROTATION_DURING_MAINTENANCE'])
      .optional(),
  })
  .readonly();

export type InstanceOptions = z.input<typeof instanceSchema>;
export type InstanceSettings = z.output<typeof instanceSchema>;

/** What can change in the life of an instance without a call of the API. */
export const instanceChangesSchema = z
  .strictObject({
    state: z.string(),
    activationPolicy: z.string(),
    sslMode: z.string(),
    ipAddress: z.string(),
    certificateLife: lifeSchema,
    rotationBreaksConnections: z.boolean(),
  })
  .partial()
  .readonly();

export type InstanceChanges = z.output<typeof instanceChangesSchema>;
