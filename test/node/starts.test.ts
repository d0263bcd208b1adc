import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { nodeFixture, OPERATORS } from './fixture.ts';

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), lastTransitionTime: z.coerce.date() })),
        containerStatuses: z.tuple([
          z.object({
            restartCount: z.number(),
            state: z.object({ running: z.object({ startedAt: z.coerce.date() }) }),
          }),
        ]),
      }),
    }),
  ),
});
const Events = z.object({
  items: z.array(z.object({ regarding: z.object({ name: z.string() }), note: z.string() })),
});
const Started = z.object({ ts: z.coerce.date() });

/** Until the first look of the kubelet. */
const UNNOTICED_MS = 2_000;

test('a pod of the operator that starts within two seconds is never seen as failed, and leaves no Warning event', async (t) => {
  const { inOps } = await nodeFixture(t);
  const { items: pods } = Pods.parse(JSON.parse(await inOps(['get', 'pods', OPERATORS, '--output=json'])));
  const warnings = await inOps(['get', 'events.events.k8s.io', '--field-selector=type=Warning', '--output=json']);
  const { items: events } = Events.parse(JSON.parse(warnings));
  assert.equal(pods.length, 2);
  for (const { metadata, status } of pods) {
    const [{ restartCount, state }] = status.containerStatuses;
    // To the second, rounded down, as the API has it.
    const since = (date: Date | undefined): number => Number(date) - Number(state.running.startedAt);
    const lines = (await inOps(['logs', metadata.name])).split('\n');
    const started = Started.parse(JSON.parse(lines.find((line) => line.includes('"msg":"Started"')) ?? ''));
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    t.diagnostic(`started after ${since(started.ts)} ms, Ready after ${since(ready?.lastTransitionTime)} ms`);
    assert.equal(restartCount, 0);
    const own = events.filter(({ regarding }) => regarding.name === metadata.name).map(({ note }) => note);
    if (since(started.ts) < UNNOTICED_MS) assert.deepEqual(own, []);
  }
});
