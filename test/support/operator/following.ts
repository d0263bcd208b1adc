/** A CloudSqlServerCa as an integration test reads it and waits for it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import { parseServerCa } from '../../../src/kubernetes/server-ca-object.ts';
import type { Instance } from '../../cloudsql-emulator/instance.ts';
import { type FixtureOptions, INSTANCE, type OperatorFixture, operatorFixture, PROJECT } from './fixture.ts';

export const fingerprintOf = (identity: Instance['active']): string | undefined =>
  identity?.authority.certificate.sha1Fingerprint;

export async function readServerCa({ kubectl }: Pick<OperatorFixture, 'kubectl'>): Promise<CloudSqlServerCa> {
  const object = parseServerCa(JSON.parse(await kubectl(['get', 'sqlca', 'orders', '-o', 'json'])));
  assert.ok(object);
  return object;
}

export const untilServerCa = (
  fixture: Pick<OperatorFixture, 'untilServerCa'>,
  what: string,
  holds: (object: CloudSqlServerCa) => boolean,
): Promise<CloudSqlServerCa> => fixture.untilServerCa('orders', holds, what);

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
