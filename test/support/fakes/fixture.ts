import type { CallResult } from '../../../src/domain/call/result.ts';
import type { SslReset, Status } from '../../../src/domain/reset/ssl-reset.ts';
import type { ObjectRef, PublishedObject, PublishedObjectRef } from '../../../src/reconcile/ports.ts';
import { toTexts } from '../object-data.ts';
import { aReset, aWorkload, type ResetParts } from './builders.ts';
import { endOf, Site } from './operator.ts';

const CA_SECRET: PublishedObjectRef = { kind: 'Secret', namespace: 'orders', name: 'orders-db-ca' };
const serverCa = { secretName: CA_SECRET.name, key: 'server-ca.pem', contents: 'All' } as const;

/** An instance, two Deployments that depend on it, and one object that asks for a reset and publishes the CA. */
export class Fixture extends Site {
  readonly ref: ObjectRef;

  constructor({ spec, ...parts }: ResetParts = {}) {
    super();
    this.workloads.add(aWorkload({ name: 'api' }), aWorkload({ name: 'worker' }));
    this.ref = this.resets.create(aReset({ spec: { serverCa, ...spec }, ...parts }));
  }

  get reset(): SslReset {
    return this.resets.read(this.ref);
  }

  get status(): Status {
    return this.reset.status;
  }

  get end(): string | undefined {
    return endOf(this.reset);
  }

  get reconcilingReason(): string | undefined {
    return this.status.conditions?.find(({ type }) => type === 'Reconciling')?.reason;
  }

  async publishedCa(): Promise<string | undefined> {
    return toTexts((await this.objects.get(CA_SECRET))?.data ?? {})['server-ca.pem'];
  }

  /** Somebody's object of the name under which the CA is to be published. */
  occupy(annotations: Readonly<Record<string, string>> = {}, object: Partial<PublishedObject> = {}): void {
    this.objects.put({ ...CA_SECRET, labels: {}, annotations, immutable: false, data: {}, ...object });
  }

  annotate(annotations: Readonly<Record<string, string>>): void {
    this.resets.edit(this.ref, { annotations: { ...this.reset.metadata.annotations, ...annotations } });
  }

  /** What must be the same however it was reached. */
  async outcome() {
    return {
      end: this.end,
      executed: this.cloudSql.executed,
      rolled: this.status.rollout?.summary,
      rolls: this.workloads.writes,
      publishedCa: await this.publishedCa(),
    };
  }
}

export const DONE_ONCE = { end: 'Complete', executed: 1, rolled: '2/2', rolls: 2, publishedCa: 'CA 2\n' };

export const rejection = (
  code: number,
  reason = '',
  retryAfterMs?: number,
): Extract<CallResult, { kind: 'Rejected' }> => ({
  kind: 'Rejected',
  code,
  reason,
  message: 'no',
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
