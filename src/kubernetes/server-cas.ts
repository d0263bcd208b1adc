import { type CloudSqlServerCa, KIND, PLURAL, type Status } from '../domain/server-ca/server-ca-object.ts';
import type { CloudSqlServerCas } from '../reconcile/ports.ts';
import type { Client } from './client.ts';
import { createCustomObjects } from './custom-objects.ts';
import type { Watched } from './list-watch.ts';
import { parseServerCa } from './server-ca-object.ts';

export const SERVER_CA_OBJECTS: Watched<CloudSqlServerCa> = { plural: PLURAL, parse: parseServerCa };

export const createServerCas = (client: Client): CloudSqlServerCas =>
  createCustomObjects<CloudSqlServerCa, Status>(client, { kind: KIND, plural: PLURAL, parse: parseServerCa });
