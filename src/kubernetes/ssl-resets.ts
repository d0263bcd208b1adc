import { KIND, PLURAL, type SslReset, type Status } from '../domain/reset/ssl-reset.ts';
import type { SslResets } from '../reconcile/ports.ts';
import type { Client } from './client.ts';
import { createCustomObjects } from './custom-objects.ts';
import type { Watched } from './list-watch.ts';
import { parseSslReset } from './ssl-reset-object.ts';

export const SSL_RESET_OBJECTS: Watched<SslReset> = { plural: PLURAL, parse: parseSslReset };

export const createSslResets = (client: Client): SslResets =>
  createCustomObjects<SslReset, Status>(client, { kind: KIND, plural: PLURAL, parse: parseSslReset });
