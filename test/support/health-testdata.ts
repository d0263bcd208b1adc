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
import { type CloudSqlServerCa, KIND as SERVER_CA } from '../../src/domain/server-ca/server-ca-object.ts';
import { Fixture } from './fakes/fixture.ts';
import { Followed } from './fakes/followed.ts';
import { Operator } from './fakes/operator.ts';

/** Where health.lua of a kind is. */
export const customizationOf = (kind: string): URL =>
  new URL(`../../docs/gitops/argocd/resource_customizations/${GROUP}/${kind}/`, import.meta.url);

/** File name without its ending -> the object. */
type TestData = ReadonlyMap<string, object>;

/** Of each kind. */
export const TESTDATA: Readonly<Record<string, () => Promise<TestData>>> = {
  [KIND]: resetTestdata,
  [SERVER_CA]: serverCaTestdata,
};

async function serverCaTestdata(): Promise<TestData> {
  const site = new Followed();
  const fresh = site.object;
  const { status: _status, ...withoutStatus } = manifestOf(fresh);
  const rolling = await followed(site, 2_000);
  const done = await followed(site, 60_000);
  const failed = new Followed();
  failed.workloads.rollMs = Number.POSITIVE_INFINITY;
  const unapproved = await rotating(MINUTE_MS, { approval: 'Manual' });
  const denied = new Followed({}, { settings: { allowedInstances: [] } });
  return new Map<string, object>([
    ['healthy_up_to_date', manifestOf(done)],
    ['healthy_holding', manifestOf(await rotating(14 * MINUTE_MS))],
    ['healthy_awaiting_approval', manifestOf(unapproved)],
    ['healthy_approved', manifestOf(approved(unapproved))],
    ['healthy_outside_window', manifestOf(await rotating(MINUTE_MS, { windows: [NIGHT] }))],
    ['healthy_suspended', manifestOf(await rotating(MINUTE_MS, {}, suspend))],
    ['healthy_planned', manifestOf(await rotating(MINUTE_MS, { planOnly: true }))],
    ['progressing_no_status', withoutStatus],
    ['progressing_new', manifestOf(fresh)],
    ['progressing_new_generation', manifestOf({ ...done, metadata: { ...done.metadata, generation: 2 } })],
    ['progressing_rolling_out', manifestOf(rolling)],
    ['progressing_adding_server_ca', manifestOf(await rotating(20_000))],
    ['progressing_switching_server_ca', manifestOf(await duringRotation('SwitchingServerCa'))],
    ['progressing_verifying', manifestOf(await duringRotation('Verifying'))],
    ['degraded_rotation_rolled_back', manifestOf(await rotating(25 * MINUTE_MS, {}, failAfterSwitch))],
    ['degraded_sibling_not_ready', manifestOf(await rotating(120 * MINUTE_MS, {}, pause))],
    ['degraded_not_permitted', manifestOf(await followed(denied, 60_000))],
    ['degraded_rollout_failed', manifestOf(await followed(failed, 1_200_000))],
  ]);
}

const MINUTE_MS = 60_000;
const NIGHT = { schedule: '0 22 * * *', durationSeconds: 7_200, timeZone: 'UTC', minimumRemainingSeconds: 0 };

/** What is in the way of a rotation. */
type InTheWay = (site: Followed) => void;
const nothing: InTheWay = () => undefined;
const pause: InTheWay = ({ workloads }) => workloads.pause('api');
const suspend: InTheWay = ({ serverCas, ref }) =>
  serverCas.edit(ref, { annotations: { [annotations.suspend]: 'true' } });

/** It works by the CA of before alone. */
function failAfterSwitch({ cloudSql, workloads }: Followed): void {
  cloudSql.onSwitched = () => {
    const isSwitched = cloudSql.rotations.length === 2;
    workloads.progress('api', { availableReplicas: isSwitched ? 0 : 2 });
  };
}

async function askedFor(spec: Partial<CloudSqlServerCa['spec']>, prepare: InTheWay): Promise<Followed> {
  const site = new Followed({ spec: { ...spec, rotation: { mode: 'OnRequest' } } });
  await site.operator.driveFor(MINUTE_MS);
  prepare(site);
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: '2026-03-01' } } });
  return site;
}

/** So long after a rotation was asked for. */
async function rotating(
  ms: number,
  spec: Partial<CloudSqlServerCa['spec']> = {},
  prepare = nothing,
): Promise<CloudSqlServerCa> {
  return followed(await askedFor(spec, prepare), ms);
}

/** As it was when it was last written with this reason of `Reconciling`. */
async function duringRotation(reason: string): Promise<CloudSqlServerCa> {
  const site = await askedFor({}, nothing);
  let seen: CloudSqlServerCa | undefined;
  site.serverCas.watch((object) => {
    if (findCondition(object.status.conditions, 'Reconciling')?.reason === reason) seen = object;
  });
  await site.operator.driveFor(30 * MINUTE_MS);
  if (seen === undefined) throw new Error(`It was never ${reason}`);
  return seen;
}

async function followed(site: Followed, ms: number): Promise<CloudSqlServerCa> {
  await site.operator.driveFor(ms);
  return site.object;
}

async function resetTestdata(): Promise<TestData> {
  const { status: _status, ...withoutStatus } = manifest(new Fixture().reset);
  const done = await ended(new Fixture());
  const unapproved = await during('AwaitingApproval', awaitingApproval());
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
    ['suspended_awaiting_approval', manifest(unapproved)],
    ['suspended_approved', manifest(approved(unapproved))],
    ['suspended_outside_window', manifest(await during('OutsideWindow', outsideWindow()))],
    ['degraded_outcome_unknown', manifest(await ended(lost()))],
    ['degraded_rollout_failed', manifest(await ended(broken()))],
  ]);
}

const manifest = (reset: SslReset) => manifestOf({ kind: KIND, ...reset });

function manifestOf<S>({
  kind,
  metadata,
  spec,
  status,
}: Pick<SslReset, 'metadata'> & { kind: string; spec: object; status: S }) {
  const { namespace, name, generation, annotations: own } = metadata;
  const named = { namespace, name, generation, ...(Object.keys(own).length > 0 && { annotations: own }) };
  return { apiVersion: `${GROUP}/${VERSION}`, kind, metadata: named, spec, status };
}

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
  // Nobody approves it.
  const isSeen = (): boolean => seen !== undefined && reason === 'AwaitingApproval';
  fixture.resets.watch((reset) => {
    if (findCondition(reset.status.conditions, 'Reconciling')?.reason === reason) seen = reset;
  });
  await new Operator(fixture).driveUntil(isSeen);
  if (seen === undefined) throw new Error(`It was never ${reason}`);
  return seen;
}

const suspended = (): Fixture => new Fixture({ annotations: { [annotations.suspend]: 'true' } });

const awaitingApproval = (): Fixture => new Fixture({ spec: { requestId: '2026-03-01', approval: 'Manual' } });

/** By the action that Argo CD offers for it. */
const approved = <T extends SslReset | CloudSqlServerCa>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, annotations: { [annotations.approve]: object.status.plan?.id ?? '' } },
});

function outsideWindow(): Fixture {
  return new Fixture({ spec: { requestId: '2026-03-01', windows: [NIGHT] } });
}

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
  for (const [kind, testdata] of Object.entries(TESTDATA)) {
    await mkdir(new URL('testdata/', customizationOf(kind)), { recursive: true });
    for (const [name, object] of await testdata()) {
      const file = fileURLToPath(new URL(`testdata/${name}.yaml`, customizationOf(kind)));
      await writeFile(file, stringify(object, { lineWidth: 0 }));
    }
  }
}
