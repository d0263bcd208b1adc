/** An operator that rotates the server CA of an instance of the emulator. */
import type { TestContext } from 'node:test';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import { type FixtureOptions, INSTANCE, PROJECT } from './fixture.ts';
import { following } from './following.ts';

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

const CALLS: ReadonlySet<string> = new Set([
  'addServerCa',
  'rotateServerCa',
  'addServerCertificate',
  'rotateServerCertificate',
]);

export async function rotating(t: TestContext, options: FixtureOptions = {}) {
  const own = await following(t, options);
  /** Those that took effect, in their order. */
  const calls = (): readonly string[] =>
    own.emulator.journal
      .entries({})
      .filter(({ api, executed }) => CALLS.has(api) && executed)
      .map(({ api }) => api);
  return { ...own, calls };
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
