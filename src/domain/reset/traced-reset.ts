/** A CloudSqlSslReset, as its traces go by it: each request has one. */
import type { Traced } from '../trace.ts';
import { requestName } from './request.ts';
import { KIND, type SslReset } from './ssl-reset.ts';

export const tracedReset = ({ metadata, spec, status }: SslReset): Traced => ({
  kind: KIND,
  metadata,
  spec,
  conditions: status.conditions,
  request: status.request && requestName(status.request),
});
