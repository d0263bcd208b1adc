import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aCondition, COMPLETE } from '../../support/fakes/shown-objects.ts';
import { startPlugin } from '../../support/kubectl-plugin.ts';
import { pluginFixture } from './fixture.ts';

const stalled = (observedGeneration = 1): object => ({
  observedGeneration,
  conditions: [
    aCondition('Ready', 'False', 'RolloutFailed', { message: 'api is not healthy', observedGeneration }),
    aCondition('Stalled', 'True', 'RolloutFailed', { message: 'api is not healthy', observedGeneration }),
  ],
});

describe('kubectl sslreset wait', { concurrency: 3 }, () => {
  test('kubectl sslreset wait ends with 0 as soon as each object is Ready', async (t) => {
    const { namespace, env, create, setStatus } = await pluginFixture(t);
    await create('one', COMPLETE);
    await create('two');
    const run = startPlugin(['wait', '-n', namespace], env);
    await run.prints(`${namespace}/two generation 1 is not seen yet`);
    await setStatus('two', COMPLETE);
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^sslreset ${namespace}/two is Ready: Complete: 1/2 workloads rolled`, 'm'));
  });

  test('kubectl sslreset wait ends with 1 as soon as the object is Stalled, and says why', async (t) => {
    const { namespace, env, create, setStatus } = await pluginFixture(t);
    await create('one');
    const run = startPlugin(['wait', 'one', '-n', namespace], env);
    await run.prints('is not seen yet');
    await setStatus('one', stalled());
    const { code, stdout } = await run.ended;
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^sslreset ${namespace}/one is Stalled: RolloutFailed: api is not healthy$`, 'm'));
  });

  test('kubectl sslreset wait is not misled by the status of an older generation, neither Ready nor Stalled', async (t) => {
    const { namespace, env, create, kubectl, setStatus } = await pluginFixture(t);
    await create('ready', COMPLETE);
    await create('stalled', stalled());
    await kubectl('patch', 'sslreset', 'ready', 'stalled', '--type=merge', '--patch={"spec":{"requestId":"2026-12"}}');
    const run = startPlugin(['wait', '-n', namespace], env);
    await run.prints(`${namespace}/stalled generation 2 is not seen yet`);
    await setStatus('stalled', stalled(2));
    await run.prints(`${namespace}/stalled Stalled True`);
    const { conditions = [] } = COMPLETE;
    await setStatus('ready', {
      observedGeneration: 2,
      conditions: conditions.map((condition) => ({ ...condition, observedGeneration: 2 })),
    });
    const { code, stdout } = await run.ended;
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^sslreset ${namespace}/ready is Ready: Complete`, 'm'));
    assert.match(stdout, new RegExp(`^sslreset ${namespace}/stalled is Stalled: RolloutFailed`, 'm'));
  });

  test('kubectl sslreset wait ends with 3 when its time is over, and says what each object waits for', async (t) => {
    const { namespace, plugin, create } = await pluginFixture(t);
    await create('one');
    const { code, stdout, stderr } = await plugin('wait', 'one', '--timeout', '1s');
    assert.equal(code, 3);
    assert.match(stdout, new RegExp(`^sslreset ${namespace}/one is not Ready: the operator has not seen it yet$`, 'm'));
    assert.equal(stderr, 'Not ended within 1s\n');
  });

  test('kubectl sslreset wait ends with 1 when the object is deleted, or where there is none', async (t) => {
    const { namespace, env, plugin, create, kubectl } = await pluginFixture(t);
    const none = await plugin('wait');
    assert.deepEqual([none.code, none.stderr], [1, 'error: No objects found\n']);
    await create('one');
    const run = startPlugin(['wait', 'one', '-n', namespace], env);
    await run.prints('is not seen yet');
    await kubectl('delete', 'sslreset', 'one');
    const { code, stdout } = await run.ended;
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^sslreset ${namespace}/one is deleted$`, 'm'));
  });

  test('kubectl sslreset wait ends with 2 for a time that is none', async (t) => {
    const { plugin } = await pluginFixture(t);
    const { code, stderr } = await plugin('wait', '--timeout', 'soon');
    assert.deepEqual([code, stderr], [2, 'error: --timeout soon is no duration, such as 90s, 10m or 1h30m\n']);
  });
});
