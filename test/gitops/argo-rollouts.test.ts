import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { deployment, hasReason, INSTANCE, isReady, reset } from '../support/operator/fixture.ts';
import { conditionOf, has, messageOf, states } from '../support/operator/kinds.ts';
import { metric, startMetrics } from './argo-analysis.ts';
import {
  canary,
  isConfirmed,
  isIn,
  type Pod,
  type RolloutsFixture,
  rolloutOf,
  rolloutsFixture,
  service,
  startArgoRollouts,
} from './argo-rollouts.ts';

const argo = await startArgoRollouts({ after }, await sharedCluster());

const kinds = ['Deployment', 'Rollout'];
const roll = reset({ rollout: { kinds } });

const UNTIL_PROMOTED = canary({ setWeight: 25 }, { pause: {} });
/** Longer than a test takes: it ends when the test promotes it. */
const FOR_A_TIME = canary({ setWeight: 25 }, { pause: { duration: '1h' } });

const blueGreen = (rest: object): object => ({
  blueGreen: { activeService: 'active', previewService: 'preview', scaleDownDelaySeconds: 1, ...rest },
});
const SERVICES = [service('active'), service('preview')];

const rolled = (pods: readonly Pod[]): number => pods.filter(({ isRolled }) => isRolled).length;

/** Four pods, and all of them of the template that the operator has annotated. */
async function areAllRolled({ pods }: RolloutsFixture): Promise<void> {
  const all = await pods();
  assert.deepEqual([all.length, rolled(all)], [4, 4]);
}

/** Which of its pods a Service sends to. */
const hashBehind = ({ kubectl }: RolloutsFixture, name: string): Promise<string> =>
  kubectl(['get', 'service', name, '-o', 'jsonpath={.spec.selector.rollouts-pod-template-hash}']);

/** The command of a message that begins like this. */
function commandIn(message: string, beginning: string): string {
  const from = message.indexOf(beginning);
  assert.ok(from >= 0, `no "${beginning}" in: ${message}`);
  const [command = ''] = message.slice(from).split(/, which | or |, or /);
  return command;
}

/** The operator waits until the pause ends by itself. */
const untilPaused = ({ until }: RolloutsFixture) =>
  until('db', (db) => /paused for a time/.test(messageOf(db, 'app')) && has('Rollout app Rolling')(db));

/** Promoted by a person, it goes to its end, and the operator with it. */
async function promote(fixture: RolloutsFixture): Promise<void> {
  await untilPaused(fixture);
  await fixture.plugin('promote');
  assert.deepEqual(states(await fixture.until('db', isReady)), ['Rollout app Rolled']);
  await areAllRolled(fixture);
}

/** The commands of the message do what they say: the rest of the pods is replaced. */
async function promoteBy(fixture: RolloutsFixture, message: string): Promise<void> {
  await argo.run(commandIn(message, 'kubectl argo rollouts promote'));
  await fixture.rollout.until(isIn('Healthy'));
}

async function makeUnready({ kubectl }: RolloutsFixture, pods: readonly Pod[]): Promise<void> {
  const patch = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Test' }] } });
  for (const { name } of pods) {
    await kubectl(['patch', 'pod', name, '--subresource=status', '--type=strategic', '-p', patch]);
  }
}

/** How many of these pods are still there. */
async function left({ pods }: RolloutsFixture, before: readonly Pod[]): Promise<number> {
  const uids = (await pods()).map(({ uid }) => uid);
  return before.filter(({ uid }) => uids.includes(uid)).length;
}

describe('a canary', { concurrency: 3 }, () => {
  test('a canary without steps is waited for until none of its old pods is left', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    await fixture.deploy(rolloutOf(canary()));
    await fixture.apply(roll);
    assert.deepEqual(states(await fixture.until('db', isReady)), ['Rollout app Rolled']);
    await areAllRolled(fixture);
  });

  test('a canary at a pause without an end is left to a person, with a command that replaces the rest of its pods', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    await fixture.deploy(rolloutOf(UNTIL_PROMOTED));
    await fixture.apply(roll);
    const done = await fixture.until('db', isReady);
    assert.deepEqual(states(done), ['Rollout app ManualActionRequired']);
    assert.equal(rolled(await fixture.pods()), 1);
    await promoteBy(fixture, messageOf(done, 'app'));
    await areAllRolled(fixture);
  });

  test('a canary at a pause without an end has its stable pods replaced by the command for them, and stays paused', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    const { deploy, apply, until, pods, rollout } = fixture;
    await deploy(rolloutOf(UNTIL_PROMOTED));
    const before = await pods();
    await apply(roll);
    const done = await until('db', isReady);
    await argo.run(commandIn(messageOf(done, 'app'), 'kubectl argo rollouts restart'));
    const { status } = await rollout.until(
      ({ spec, status: { restartedAt } }) => spec.restartAt !== undefined && restartedAt === spec.restartAt,
    );
    assert.equal(await left(fixture, before), 0);
    assert.equal(status.phase, 'Paused');
  });

  test('a canary at a pause for a time is waited for', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    await fixture.deploy(rolloutOf(FOR_A_TIME));
    await fixture.apply(roll);
    await promote(fixture);
  });

  test('a canary whose stable pods are all unready since the reset is rolled all the same', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    await fixture.deploy(rolloutOf(canary()));
    await makeUnready(fixture, await fixture.pods());
    await fixture.apply(roll);
    assert.deepEqual(states(await fixture.until('db', isReady)), ['Rollout app Rolled']);
    await areAllRolled(fixture);
  });

  test('a canary at a pause whose stable pods are unready is not restarted by Argo, and is helped by the command that deletes them', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    const { deploy, apply, until, pods, rollout } = fixture;
    await deploy(rolloutOf(UNTIL_PROMOTED));
    const before = await pods();
    await makeUnready(fixture, before);
    await apply(roll);
    const done = await until('db', isReady);
    await argo.run(commandIn(messageOf(done, 'app'), 'kubectl argo rollouts restart'));
    await rollout.until((each) => each.spec.restartAt !== undefined && isIn('Paused')(each));
    assert.equal(await left(fixture, before), 3);
    await argo.run(commandIn(messageOf(done, 'app'), 'kubectl -n'));
    await rollout.until(({ status }) => status.availableReplicas === 4);
    assert.equal(await left(fixture, before), 0);
  });
});

describe('an analysis', { concurrency: 3 }, () => {
  const ANALYSED = canary({ setWeight: 25 }, { analysis: { templates: [{ templateName: 'errors' }] } });

  test('an analysis that fails has the Rollout fail in its words, said once, and the command begins its roll again', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    const { deploy, apply, until, pods, rollout, kubectl } = fixture;
    const metrics = await startMetrics(t, 'bad');
    await deploy(metric('errors', metrics.url), rolloutOf(ANALYSED));
    await apply(roll);
    const failed = await until('db', hasReason('RolloutFailed'));
    assert.deepEqual(states(failed), ['Rollout app Failed']);
    assert.match(messageOf(failed, 'app'), /degraded \(RolloutAborted: .*"errors" assessed Failed/);
    assert.equal(messageOf(failed, 'app').split('assessed').length, 2, messageOf(failed, 'app'));
    await rollout.until(({ status }) => status.availableReplicas === 4 && status.replicas === 4);
    assert.equal(rolled(await pods()), 0);
    metrics.say('good');
    await argo.run(commandIn(messageOf(failed, 'app'), 'kubectl argo rollouts retry'));
    await rollout.until(isIn('Healthy'));
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
    assert.deepEqual(states(await until('db', isReady)), ['Rollout app Rolled']);
    await areAllRolled(fixture);
  });

  test('an analysis without a result leaves the Rollout to a person', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    const metrics = await startMetrics(t, 'unclear');
    await fixture.deploy(metric('errors', metrics.url), rolloutOf(ANALYSED));
    await fixture.apply(roll);
    const done = await fixture.until('db', isReady);
    assert.deepEqual(states(done), ['Rollout app ManualActionRequired']);
    assert.match(messageOf(done, 'app'), /InconclusiveAnalysisRun/);
    await promoteBy(fixture, messageOf(done, 'app'));
    await areAllRolled(fixture);
  });
});

describe('a blue-green Rollout', { concurrency: 3 }, () => {
  for (const [what, rest] of [
    ['without promotion', {}],
    ['without promotion, whatever its seconds say,', { autoPromotionSeconds: 1 }],
  ] as const)
    test(`a blue-green Rollout ${what} is left to a person, and its active Service goes to the old pods until the command promotes it`, async (t) => {
      const fixture = await rolloutsFixture(t, argo);
      await fixture.deploy(...SERVICES, rolloutOf(blueGreen({ autoPromotionEnabled: false, ...rest })));
      const old = await hashBehind(fixture, 'active');
      await fixture.apply(roll);
      const done = await fixture.until('db', isReady);
      assert.deepEqual(states(done), ['Rollout app ManualActionRequired']);
      assert.equal(await hashBehind(fixture, 'active'), old);
      await promoteBy(fixture, messageOf(done, 'app'));
      await isActiveRolled(fixture);
    });

  test('a blue-green Rollout that promotes after a time is waited for until its active Service goes to the new pods', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    await fixture.deploy(...SERVICES, rolloutOf(blueGreen({ autoPromotionSeconds: 3600 })));
    await fixture.apply(roll);
    await untilPaused(fixture);
    // Without --full Argo forgets the pause, and promotes never.
    await fixture.plugin('promote', '--full');
    assert.deepEqual(states(await fixture.until('db', isReady)), ['Rollout app Rolled']);
    await isActiveRolled(fixture);
  });

  test('a blue-green Rollout whose Service does not exist has failed in the words of Argo, said once', async (t) => {
    const { deploy, apply, until, kubectl } = await rolloutsFixture(t, argo);
    await deploy(...SERVICES, rolloutOf(blueGreen({})));
    await kubectl(['delete', 'service', 'active']);
    await apply(roll);
    const failed = await until('db', hasReason('RolloutFailed'));
    assert.match(messageOf(failed, 'app'), /degraded \(InvalidSpec: .*service "active" not found\)$/);
    assert.equal(messageOf(failed, 'app').split('is invalid').length, 2);
  });

  async function isActiveRolled(fixture: RolloutsFixture): Promise<void> {
    const active = await hashBehind(fixture, 'active');
    const behind = (await fixture.pods()).filter(({ hash }) => hash === active);
    assert.deepEqual([behind.length, rolled(behind)], [4, 4]);
  }
});

describe('a Rollout that a person interferes with', { concurrency: 3 }, () => {
  test('a Rollout that is aborted while it is waited for has failed, with the command that begins its roll again', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    const { deploy, apply, until, plugin, kubectl } = fixture;
    await deploy(rolloutOf(FOR_A_TIME));
    await apply(roll);
    await untilPaused(fixture);
    await plugin('abort');
    const failed = await until('db', hasReason('RolloutFailed'));
    assert.deepEqual(states(failed), ['Rollout app Failed']);
    await argo.run(commandIn(messageOf(failed, 'app'), 'kubectl argo rollouts retry'));
    await fixture.rollout.until(isIn('Paused'));
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
    await promote(fixture);
  });

  test('a Rollout that was aborted before its roll is rolled, and not taken for failed', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    const { deploy, apply, plugin, kubectl, rollout } = fixture;
    await deploy(rolloutOf(FOR_A_TIME));
    const other = JSON.stringify({ spec: { template: { metadata: { annotations: { version: '2' } } } } });
    await kubectl(['patch', 'rollouts.argoproj.io', 'app', '--type=merge', '-p', other]);
    await rollout.until(isIn('Paused'));
    await plugin('abort');
    await rollout.until(isIn('Degraded'));
    await apply(roll);
    await promote(fixture);
  });

  test('a Rollout that is taken back to its old template is annotated again', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    await fixture.deploy(rolloutOf(FOR_A_TIME));
    await fixture.apply(roll);
    await untilPaused(fixture);
    await fixture.plugin('undo');
    await fixture.until('db', ({ status }) => status.rollout?.workloads?.[0]?.reverts === 1);
    await promote(fixture);
  });

  test('a Rollout that is restarted in the middle of its roll is waited for until both are over', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    const { deploy, apply, pods, rollout, plugin } = fixture;
    await deploy(rolloutOf(FOR_A_TIME));
    await apply(roll);
    await untilPaused(fixture);
    const before = await pods();
    await plugin('restart');
    await rollout.until(
      ({ spec, status: { restartedAt } }) => spec.restartAt !== undefined && restartedAt === spec.restartAt,
    );
    assert.equal(await left(fixture, before), 0);
    await promote(fixture);
  });

  test('a Rollout whose restart is planned for later has rolled when its pods are new, though it calls itself progressing until then', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    await fixture.deploy(rolloutOf(canary()));
    await fixture.plugin('restart', '--in', '1h');
    await fixture.rollout.until(isIn('Progressing', /restarting/));
    await fixture.apply(reset({ rollout: { kinds, timeoutSeconds: 60 } }));
    assert.deepEqual(states(await fixture.until('db', isReady)), ['Rollout app Rolled']);
    await areAllRolled(fixture);
    await fixture.rollout.until(isIn('Progressing', /restarting/));
  });

  test('a Rollout that was paused by hand is annotated and left, and rolls when it is resumed by the command', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    await fixture.deploy(rolloutOf(canary()));
    await fixture.apply(rolloutOf(canary(), { paused: true }));
    await fixture.rollout.until(isIn('Paused'));
    await fixture.apply(roll);
    const done = await fixture.until('db', isReady);
    assert.deepEqual(states(done), ['Rollout app Skipped']);
    assert.equal(rolled(await fixture.pods()), 0);
    await promoteBy(fixture, messageOf(done, 'app'));
    await areAllRolled(fixture);
  });
});

describe('a Rollout with workloadRef', { concurrency: 3 }, () => {
  const SELECTED = { 'cloudsql-ssl.dev/instance': INSTANCE };
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'template' };
  const withoutTemplate = { workloadRef, template: undefined, selector: undefined };
  const template = (labels: object, pod: object = {}): object => ({
    ...deployment('app', { spec: { replicas: 0 }, pod }),
    metadata: { name: 'template', labels },
  });

  test('a Rollout with workloadRef rolls when its Deployment is annotated, and is waited for', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    const { deploy, apply, until, plugin } = fixture;
    await deploy(template(SELECTED), rolloutOf(FOR_A_TIME, withoutTemplate));
    await apply(roll);
    await untilPaused(fixture);
    await plugin('promote');
    assert.deepEqual(states(await until('db', isReady)), ['Rollout app Rolled', 'Deployment template Rolled']);
    await areAllRolled(fixture);
  });

  test('a Rollout with workloadRef at a pause without an end is left to a person, with a command that promotes it', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    await fixture.deploy(template(SELECTED), rolloutOf(UNTIL_PROMOTED, withoutTemplate));
    await fixture.apply(roll);
    const done = await fixture.until('db', isReady);
    assert.deepEqual(states(done), ['Rollout app ManualActionRequired', 'Deployment template Rolled']);
    await promoteBy(fixture, messageOf(done, 'app'));
    await areAllRolled(fixture);
  });

  test('a Rollout with workloadRef goes with a Deployment that refers to what is published, though nothing selects it', async (t) => {
    const fixture = await rolloutsFixture(t, argo);
    const volumes = [{ name: 'ca', secret: { secretName: 'ca', optional: true } }];
    await fixture.deploy(template({}, { volumes }), rolloutOf(UNTIL_PROMOTED, withoutTemplate, {}));
    await fixture.apply(reset({ serverCa: { secretName: 'ca' }, rollout: { kinds } }));
    const done = await fixture.until('db', isReady);
    assert.deepEqual(states(done), ['Rollout app ManualActionRequired', 'Deployment template Rolled']);
    assert.equal(rolled(await fixture.pods()), 1);
  });
});

test('a Rollout is waited for by the wave after it while it is paused for a time', async (t) => {
  const fixture = await rolloutsFixture(t, argo);
  await fixture.deploy(deployment('later'), rolloutOf(FOR_A_TIME));
  const targets = [{ kind: 'Deployment', name: 'later', wave: 1 }];
  await fixture.apply(reset({ rollout: { kinds, targets } }));
  assert.deepEqual(states(await untilPaused(fixture)), ['Rollout app Rolling', 'Deployment later Pending']);
  await fixture.plugin('promote');
  assert.deepEqual(states(await fixture.until('db', isReady)), ['Rollout app Rolled', 'Deployment later Rolled']);
});

test('a Rollout that is left to a person holds up no wave, and is counted', async (t) => {
  const { deploy, apply, until } = await rolloutsFixture(t, argo);
  await deploy(deployment('later'), rolloutOf(UNTIL_PROMOTED));
  const targets = [{ kind: 'Deployment', name: 'later', wave: 1 }];
  await apply(reset({ rollout: { kinds, targets } }));
  const done = await until('db', isReady);
  assert.deepEqual(states(done), ['Rollout app ManualActionRequired', 'Deployment later Rolled']);
  assert.match(conditionOf(done, 'WorkloadsRolled'), /1 .*(person|manual)/i);
});

test('a Rollout that was scaled down while its controller was away is not taken for rolled before it is', async (t) => {
  const fixture = await rolloutsFixture(t, argo);
  const { deploy, apply, until, kubectl, pods, plugin, rollout } = fixture;
  await deploy(rolloutOf(FOR_A_TIME));
  const { generation } = (await rollout.until(isIn('Healthy'))).metadata;
  await argo.whileItStandsStill(async () => {
    await apply(roll);
    await until('db', has('Rollout app Rolling'));
    await kubectl(['patch', 'rollouts.argoproj.io', 'app', '--type=merge', '-p', '{"spec":{"replicas":3}}']);
  });
  await untilPaused(fixture);
  const early = rollout.seen.filter((each) => isIn('Healthy')(each) && each.metadata.generation > generation);
  assert.ok(early.length > 0, 'Argo said at no time that it was healthy already');
  assert.deepEqual(early.filter(isConfirmed), []);
  await plugin('promote');
  await until('db', isReady);
  assert.equal(rolled(await pods()), 3);
});
