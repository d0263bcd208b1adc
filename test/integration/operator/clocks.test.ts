import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ELECTION } from '../../support/operator/election.ts';
import { deployment, isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';

const OTHER_CLOCK = fileURLToPath(new URL('other-clock.mjs', import.meta.url));
const TEN_MINUTES_MS = 600_000;
/** The clock may step as long as workloads roll, which takes seconds on a busy machine. */
const PATIENT = { timeoutSeconds: 3_600 };

const clock = ({
  skewMs = 0,
  stepMs = 0,
}: {
  readonly skewMs?: number;
  readonly stepMs?: number;
}): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--import=${OTHER_CLOCK}`,
  CLOCK_SKEW_MS: String(skewMs),
  CLOCK_STEP_MS: String(stepMs),
});

const CLOCKS: Readonly<Record<string, readonly [NodeJS.ProcessEnv, NodeJS.ProcessEnv]>> = {
  'the next leader is ten minutes ahead': [{}, clock({ skewMs: TEN_MINUTES_MS })],
  'the next leader is ten minutes behind': [{}, clock({ skewMs: -TEN_MINUTES_MS })],
  'the clock of the first one steps': [clock({ stepMs: TEN_MINUTES_MS }), {}],
  'the clock of the next one steps': [{}, clock({ stepMs: -TEN_MINUTES_MS })],
};

describe('whatever the clocks of the replicas say, a lost call is resolved and one reset is executed', {
  concurrency: 2,
}, () => {
  for (const [what, [first, next]] of Object.entries(CLOCKS)) {
    test(`whatever the clocks of the replicas say, a lost call is resolved and one reset is executed: ${what}`, async (t) => {
      const two = await operatorFixture(t, { flags: ELECTION, env: first });
      const { apply, until, emulator, operator, restartOperator, resets } = two;
      await operator.says('Leading');
      const standby = await restartOperator([], { NODE_OPTIONS: '', ...next });
      emulator.order({ api: 'resetSslConfig', answer: { kind: 'Hang', executed: true } });
      await apply(reset({ serverCa: { secretName: 'ca' }, rollout: PATIENT }), deployment('app'));
      await emulator.journal.waitFor(({ api, executed }) => api === 'resetSslConfig' && executed);
      await operator.kill();
      await standby.says('Leading');
      const { status } = await until('db', isReady);
      assert.equal(resets(), 1);
      assert.equal(emulator.journal.entries({ api: 'resetSslConfig' }).length, 1);
      assert.equal(status.rollout?.summary, '1/1');
    });
  }
});
