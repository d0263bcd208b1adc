import { type ConditionType, findCondition } from '../../../src/domain/conditions.ts';
import type { ServerCa } from '../../../src/domain/instance.ts';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { toTexts } from '../object-data.ts';
import { aWorkload, fingerprint } from './builders.ts';
import { aServerCa, type ServerCaParts } from './fake-server-cas.ts';
import { Operator, Site } from './operator.ts';

export const SECRET = { kind: 'Secret', namespace: 'orders', name: 'orders-db-ca' } as const;

/** The CA of that number: a higher one was made later. */
export const ca = (n: number, parts: Partial<ServerCa> = {}): ServerCa => ({
  sha1Fingerprint: fingerprint(n),
  pem: `CA ${n}\n`,
  createTime: new Date(Date.UTC(2026, 0, n)).toISOString(),
  ...parts,
});

/** An instance with the CA 1, two Deployments that depend on it, and an object that follows it. */
export class Followed extends Site {
  readonly operator: Operator;
  readonly ref: ObjectRef;

  constructor(parts: ServerCaParts = {}, settings: ConstructorParameters<typeof Operator>[1] = {}) {
    super();
    this.cloudSql.listed = [ca(1)];
    this.workloads.add(aWorkload({ name: 'api' }), aWorkload({ name: 'worker' }));
    this.ref = this.serverCas.create(aServerCa(parts));
    this.operator = new Operator(this, settings);
  }

  get object(): CloudSqlServerCa {
    return this.serverCas.read(this.ref);
  }

  get status(): CloudSqlServerCa['status'] {
    return this.object.status;
  }

  reason(type: ConditionType = 'Ready'): string | undefined {
    const condition = findCondition(this.status.conditions, type);
    return condition && `${condition.status} ${condition.reason}`;
  }

  roles(): readonly string[] {
    return (this.status.serverCas ?? []).map(
      ({ sha1Fingerprint, role, published }) =>
        `${Number.parseInt(sha1Fingerprint, 16)} ${role}${published ? '' : ' unpublished'}`,
    );
  }

  async published(): Promise<string | undefined> {
    const stored = await this.objects.get(SECRET);
    return stored && toTexts(stored.data)['server-ca.pem'];
  }
}
