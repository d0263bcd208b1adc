/** An operator that rotates the server CA of an instance of the emulator. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import { parseServerCa } from '../../../src/kubernetes/server-ca-object.ts';
import type { Instance } from '../../cloudsql-emulator/instance.ts';
import { PATIENCE_MS } from '../patience.ts';
import { type FixtureOptions, INSTANCE, operatorFixture, PROJECT } from './fixture.ts';

export const serverCa = (rotation: object, metadata: object = {}, spec: object = {}): object => ({
  apiVersion: 'cloudsql-ssl.dev/v1alpha1',
  kind: 'CloudSqlServerCa',
  metadata: { name: 'orders', ...metadata },
  spec: {
    project: PROJECT,
    instance: INSTANCE,
    serverCa: { secretName: 'orders-ca' },
    rotation: { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 0, ...rotation },
    ...spec,
  },
});

export const fingerprintOf = (identity: Instance['active']): string | undefined =>
  identity?.authority.certificate.sha1Fingerprint;

const CALLS: ReadonlySet<string> = new Set([
  'addServerCa',
  'rotateServerCa',
  'addServerCertificate',
  'rotateServerCertificate',
]);

export async function rotating(t: TestContext, options: FixtureOptions = {}) {
  const fixture = await operatorFixture(t, { ...options, flags: ['--server-ca-resync=1s', ...(options.flags ?? [])] });
  const { kubectl, emulator } = fixture;
  const read = async (): Promise<CloudSqlServerCa> => {
    const object = parseServerCa(JSON.parse(await kubectl(['get', 'sqlca', 'orders', '-o', 'json'])));
    assert.ok(object);
    return object;
  };
  const until = async (what: string, holds: (object: CloudSqlServerCa) => boolean): Promise<CloudSqlServerCa> => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const object = await read();
      if (holds(object)) return object;
      assert.ok(!signal.aborted, `never ${what}: ${JSON.stringify(object.status)}\n${fixture.operator.log}`);
    }
  };
  /** Those that took effect, in their order. */
  const calls = (): readonly string[] =>
    emulator.journal
      .entries({})
      .filter(({ api, executed }) => CALLS.has(api) && executed)
      .map(({ api }) => api);
  return { ...fixture, read, until, calls, instance: emulator.instance(PROJECT, INSTANCE) };
}

export const isUpToDate = ({ metadata, status }: CloudSqlServerCa): boolean =>
  status.conditions?.some(
    ({ type, status: is, observedGeneration }) =>
      type === 'Ready' && is === 'True' && observedGeneration === metadata.generation,
  ) === true;

export const hasRotated =
  (times: number) =>
  (object: CloudSqlServerCa): boolean =>
    isUpToDate(object) && object.status.history?.filter(({ outcome }) => outcome === 'Rotated').length === times;
