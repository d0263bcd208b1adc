import { z } from 'zod';

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
  })
  .partial()
  .readonly();

export type InstanceChanges = z.output<typeof instanceChangesSchema>;
