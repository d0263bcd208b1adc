/**
 * Objects as the operator leaves them, for the tests of health.lua. `node test/gitops/testdata.ts` writes the files
 * anew.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { findCondition } from '../../src/domain/conditions.ts';
import { CloudSqlError } from '../../src/domain/errors.ts';
import { annotations, GROUP, VERSION } from '../../src/domain/object.ts';
import { KIND, type SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { Operator } from '../unit/support/operator.ts';
import { Scene } from '../unit/support/scene.ts';

export const CUSTOMIZATION = new URL(
  `../../docs/gitops/argocd/resource_customizations/${GROUP}/${KIND}/`,
  import.meta.url,
);

/** File name without its ending -> the object. */
export async function testdata(): Promise<ReadonlyMap<string, object>> {
  const { status: _status, ...withoutStatus } = manifest(new Scene().reset);
  const done = await ended(new Scene());
  return new Map<string, object>([
    ['healthy_already_executed', manifest(await putBack(new Scene({ spec: { requestId: '2026-03-01' } })))],
    ['healthy_complete', manifest(done)],
    ['progressing_no_status', withoutStatus],
    ['progressing_new', manifest(new Scene().reset)],
    ['progressing_new_generation', manifest({ ...done, metadata: { ...done.metadata, generation: 2 } })],
    ['progressing_operation_running', manifest(await during('OperationRunning', new Scene()))],
    ['progressing_rolling_out', manifest(await during('RollingOut', new Scene()))],
    ['progressing_permission_denied', manifest(await during('PermissionDenied', refused()))],
    ['suspended', manifest(await ended(suspended()))],
    ['degraded_outcome_unknown', manifest(await ended(lost()))],
    ['degraded_rollout_failed', manifest(await ended(broken()))],
  ]);
}

const manifest = ({ metadata, spec, status }: SslReset) => {
  const { namespace, name, generation, annotations: own } = metadata;
  const named = { namespace, name, generation, ...(Object.keys(own).length > 0 && { annotations: own }) };
  return { apiVersion: `${GROUP}/${VERSION}`, kind: KIND, metadata: named, spec, status };
};

async function ended(scene: Scene): Promise<SslReset> {
  await new Operator(scene).drive();
  return scene.reset;
}

/** The same once its requestId was replaced by another one, and is there again. */
async function putBack(scene: Scene): Promise<SslReset> {
  const operator = new Operator(scene);
  await operator.drive();
  for (const requestId of ['2026-04-01', '2026-03-01']) {
    scene.resets.edit(scene.ref, { spec: { requestId } });
    await operator.drive();
  }
  return scene.reset;
}

/** The object as it was when it was last written with this reason of `Reconciling`. */
async function during(reason: string, scene: Scene): Promise<SslReset> {
  let seen: SslReset | undefined;
  scene.resets.watch((reset) => {
    if (findCondition(reset.status.conditions, 'Reconciling')?.reason === reason) seen = reset;
  });
  await new Operator(scene).drive();
  if (seen === undefined) throw new Error(`It was never ${reason}`);
  return seen;
}

const suspended = (): Scene => new Scene({ annotations: { [annotations.suspend]: 'true' } });

function refused(): Scene {
  const scene = new Scene();
  scene.cloudSql.outage = new CloudSqlError({
    kind: 'Forbidden',
    message: '403 forbidden: The client is not authorized',
  });
  return scene;
}

function lost(): Scene {
  const scene = new Scene();
  scene.cloudSql.user = 'somebody-else@example.com';
  scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
  return scene;
}

function broken(): Scene {
  const scene = new Scene();
  scene.workloads.rollMs = Number.POSITIVE_INFINITY;
  return scene;
}

if (import.meta.main) {
  await mkdir(new URL('testdata/', CUSTOMIZATION), { recursive: true });
  for (const [name, object] of await testdata()) {
    await writeFile(
      fileURLToPath(new URL(`testdata/${name}.yaml`, CUSTOMIZATION)),
      stringify(object, { lineWidth: 0 }),
    );
  }
}
