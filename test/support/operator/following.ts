/** A CloudSqlServerCa as an integration test reads it and waits for it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import { parseServerCa } from '../../../src/kubernetes/server-ca-object.ts';
import type { Instance } from '../../cloudsql-emulator/instance.ts';
import { PATIENCE_MS } from '../patience.ts';
import { type FixtureOptions, INSTANCE, type OperatorFixture, operatorFixture, PROJECT } from './fixture.ts';

export const fingerprintOf = (identity: Instance['active']): string | undefined =>
  identity?.authority.certificate.sha1Fingerprint;

export async function readServerCa({ kubectl }: Pick<OperatorFixture, 'kubectl'>): Promise<CloudSqlServerCa> {
  const object = parseServerCa(JSON.parse(await kubectl(['get', 'sqlca', 'orders', '-o', 'json'])));
  assert.ok(object);
  return object;
}

export async function untilServerCa(
  fixture: Pick<OperatorFixture, 'kubectl' | 'operator'>,
  what: string,
  holds: (object: CloudSqlServerCa) => boolean,
): Promise<CloudSqlServerCa> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const object = await readServerCa(fixture);
    if (holds(object)) return object;
    assert.ok(!signal.aborted, `never ${what}: ${JSON.stringify(object.status)}\n${fixture.operator.log}`);
  }
}

/** An operator in a hurry to look, and what a test asks of an object that follows. */
export async function following(t: TestContext, options: FixtureOptions = {}) {
  const fixture = await operatorFixture(t, { ...options, flags: ['--server-ca-resync=1s', ...(options.flags ?? [])] });
  return {
    ...fixture,
    read: () => readServerCa(fixture),
    until: (what: string, holds: (object: CloudSqlServerCa) => boolean) => untilServerCa(fixture, what, holds),
    instance: fixture.emulator.instance(PROJECT, INSTANCE),
  };
}
