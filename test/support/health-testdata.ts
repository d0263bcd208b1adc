/**
 * Objects as the operator leaves them, for the tests of health.lua. `node test/support/health-testdata.ts` writes the files
 * again.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { findCondition } from '../../src/domain/conditions.ts';
import { CloudSqlError } from '../../src/domain/errors.ts';
import { annotations, GROUP, VERSION } from '../../src/domain/object.ts';
import { KIND, type SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { Fixture } from './fakes/fixture.ts';
import { Operator } from './fakes/operator.ts';

export const CUSTOMIZATION = new URL(
  `../../docs/gitops/argocd/resource_customizations/${GROUP}/${KIND}/`,
  import.meta.url,
);

/** File name without its ending -> the object. */
export async function testdata(): Promise<ReadonlyMap<string, object>> {
  const { status: _status, ...withoutStatus } = manifest(new Fixture().reset);
  const done = await ended(new Fixture());
  return new Map<string, object>([
    ['healthy_already_executed', manifest(await putBack(new Fixture({ spec: { requestId: '2026-03-01' } })))],
    ['healthy_complete', manifest(done)],
    ['progressing_no_status', withoutStatus],
    ['progressing_new', manifest(new Fixture().reset)],
    ['progressing_new_generation', manifest({ ...done, metadata: { ...done.metadata, generation: 2 } })],
    ['progressing_operation_running', manifest(await during('OperationRunning', new Fixture()))],
    ['progressing_rolling_out', manifest(await during('RollingOut', new Fixture()))],
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

async function ended(fixture: Fixture): Promise<SslReset> {
  await new Operator(fixture).drive();
  return fixture.reset;
}

/** The same once its requestId was replaced by another one, and is there again. */
async function putBack(fixture: Fixture): Promise<SslReset> {
  const operator = new Operator(fixture);
  await operator.drive();
  for (const requestId of ['2026-04-01', '2026-03-01']) {
    fixture.resets.edit(fixture.ref, { spec: { requestId } });
    await operator.drive();
  }
  return fixture.reset;
}

/** The object as it was when it was last written with this reason of `Reconciling`. */
async function during(reason: string, fixture: Fixture): Promise<SslReset> {
  let seen: SslReset | undefined;
  fixture.resets.watch((reset) => {
    if (findCondition(reset.status.conditions, 'Reconciling')?.reason === reason) seen = reset;
  });
  await new Operator(fixture).drive();
  if (seen === undefined) throw new Error(`It was never ${reason}`);
  return seen;
}

const suspended = (): Fixture => new Fixture({ annotations: { [annotations.suspend]: 'true' } });

function refused(): Fixture {
  const fixture = new Fixture();
  fixture.cloudSql.outage = new CloudSqlError({
    kind: 'Forbidden',
    message: '403 forbidden: The client is not authorized',
  });
  return fixture;
}

function lost(): Fixture {
  const fixture = new Fixture();
  fixture.cloudSql.user = 'somebody-else@example.com';
  fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
  return fixture;
}

function broken(): Fixture {
  const fixture = new Fixture();
  fixture.workloads.rollMs = Number.POSITIVE_INFINITY;
  return fixture;
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
