/** A CloudSqlServerCa, as its traces go by it: each has one from what is new of the instance or the spec until all is right again. */
import type { Traced } from '../trace.ts';
import { type CloudSqlServerCa, KIND } from './server-ca-object.ts';

export const tracedServerCa = ({ metadata, spec, status }: CloudSqlServerCa): Traced => ({
  kind: KIND,
  metadata,
  spec,
  conditions: status.conditions,
  request: String(metadata.generation),
});
