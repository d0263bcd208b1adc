/** What docs/kubectl.md says of `kubectl wait`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { markdownFiles } from '../../support/docs/markdown.ts';
import { aCondition, COMPLETE } from '../../support/fakes/shown-objects.ts';
import { pluginFixture } from '../kubectl-sslreset/fixture.ts';

const READY = '--for=condition=Ready';
const READY_BY_PATH = '--for=jsonpath={.status.conditions[?(@.type=="Ready")].status}=True';

const STALLED = {
  observedGeneration: 1,
  conditions: [aCondition('Ready', 'False', 'NotPermitted'), aCondition('Stalled', 'True', 'NotPermitted')],
};

/** The commands of the page that end with either. */
async function eitherEnd(namespace: string): Promise<string> {
  const page = (await markdownFiles()).find(({ path }) => path === 'docs/kubectl.md');
  const [script] = (page?.blocks ?? []).filter(({ language, text }) => language === 'sh' && text.includes('wait -n'));
  assert.ok(script, 'docs/kubectl.md has no such commands');
  return script.text.replaceAll('-n orders ', `-n ${namespace} `);
}

describe('kubectl wait', { concurrency: 3 }, () => {
  test('kubectl wait for a condition is not met by the status of an older generation, and for a jsonpath it is', async (t) => {
    const { create, kubectl } = await pluginFixture(t);
    /** Asks once. */
    const wait = (condition: string) => kubectl('wait', condition, 'sslreset/db', '--timeout=0');
    await create('db', COMPLETE);
    assert.match(await wait(READY), /condition met/);
    await kubectl('patch', 'sslreset', 'db', '--type=merge', '--patch={"spec":{"requestId":"2026-12"}}');
    await assert.rejects(wait(READY), /condition not met/);
    assert.match(await wait(READY_BY_PATH), /condition met/);
  });

  const ends = { Complete: COMPLETE, NotPermitted: STALLED };
  for (const [reason, status] of Object.entries(ends)) {
    test(`kubectl wait for each of both ends, as docs/kubectl.md has it, ends at once where the object says ${reason}`, async (t) => {
      const { create, namespace, env } = await pluginFixture(t);
      await create('orders-db', status);
      const { stdout } = await promisify(execFile)('bash', ['-c', await eitherEnd(namespace)], { env });
      assert.match(stdout, new RegExp(`^orders-db .* ${reason} `, 'm'));
    });
  }
});
