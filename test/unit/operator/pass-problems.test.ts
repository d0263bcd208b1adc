import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { PassProblems } from '../../../src/pass-problems.ts';
import type { Logger } from '../../../src/reconcile/ports.ts';

const forbidden = new KubernetesError({ kind: 'Forbidden', message: 'may not update status' });
const unavailable = new KubernetesError({ kind: 'Unavailable', message: 'no answer' });

function recording(): { readonly logger: Logger; readonly levels: string[] } {
  const levels: string[] = [];
  const at = (level: string) => () => void levels.push(level);
  return { levels, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

describe('a pass that fails', () => {
  test('is told once, and again when the reason changes or after it worked', () => {
    const problems = new PassProblems();
    const { logger, levels } = recording();
    for (const error of [forbidden, forbidden, unavailable]) problems.failed('a/b', error, logger);
    problems.succeeded('a/b');
    problems.failed('a/b', unavailable, logger);
    assert.deepEqual(levels, ['warn', 'debug', 'warn', 'warn']);
  });

  test('because of a right that is missing makes the process not ready, until it works', () => {
    const problems = new PassProblems();
    const { logger } = recording();
    problems.failed('a/b', unavailable, logger);
    assert.equal(problems.problem(), undefined);
    problems.failed('a/b', forbidden, logger);
    assert.equal(problems.problem(), 'the API server refuses what a/b needs: may not update status');
    problems.succeeded('a/b');
    assert.equal(problems.problem(), undefined);
  });
});
