import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { PassProblems } from '../../../src/operator/pass-problems.ts';
import type { Logger } from '../../../src/reconcile/ports.ts';
import { aKey } from '../../support/fakes/builders.ts';

const forbidden = new KubernetesError({ kind: 'Forbidden', message: 'may not update status' });
const unavailable = new KubernetesError({ kind: 'Unavailable', message: 'no answer' });

function recording(): { readonly logger: Logger; readonly levels: string[] } {
  const levels: string[] = [];
  const at = (level: string) => () => void levels.push(level);
  return { levels, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

describe('a pass that fails', () => {
  test('a pass that fails is reported once, and again when the reason changes or after it worked', () => {
    const problems = new PassProblems();
    const { logger, levels } = recording();
    for (const error of [forbidden, forbidden, unavailable]) problems.failed(aKey('a/b'), error, logger);
    problems.succeeded(aKey('a/b'));
    problems.failed(aKey('a/b'), unavailable, logger);
    assert.deepEqual(levels, ['warn', 'debug', 'warn', 'warn']);
  });

  test('a pass that fails because of a right that is missing makes the process not ready, until it works', () => {
    const problems = new PassProblems();
    const { logger } = recording();
    problems.failed(aKey('a/b'), unavailable, logger);
    assert.equal(problems.problem(), undefined);
    problems.failed(aKey('a/b'), forbidden, logger);
    assert.equal(problems.problem(), 'the API server refuses what a/b needs: may not update status');
    problems.succeeded(aKey('a/b'));
    assert.equal(problems.problem(), undefined);
  });

  const refused = new KubernetesError({ kind: 'Refused', message: 'a policy says no' });
  const { logger: silent } = recording();

  test('a pass that fails by a policy on the only namespace makes the process not ready', () => {
    const problems = new PassProblems();
    problems.failed(aKey('a/b'), refused, silent);
    assert.equal(problems.problem(), 'the API server refuses what a/b needs: a policy says no');
  });

  test('a pass that fails by a policy on one namespace of two is a problem in part, be the other one worked on before or after', () => {
    const problems = new PassProblems();
    problems.succeeded(aKey('c/d'));
    problems.failed(aKey('a/b'), refused, silent);
    problems.succeeded(aKey('e/f'));
    assert.deepEqual(problems.problem(), { inPart: 'the API server refuses what a/b needs: a policy says no' });
  });

  test('a pass that fails for a right that is missing in one namespace of two is one in part only where each has rights of its own', () => {
    for (const [namespaces, isInPart] of [
      [[], false],
      [['a', 'c'], true],
    ] as const) {
      const problems = new PassProblems(namespaces);
      problems.succeeded(aKey('c/d'));
      problems.failed(aKey('c/e'), refused, silent);
      problems.succeeded(aKey('c/e'));
      problems.failed(aKey('a/b'), forbidden, silent);
      const text = 'the API server refuses what a/b needs: may not update status';
      assert.deepEqual(problems.problem(), isInPart ? { inPart: text } : text);
    }
  });

  test('a pass that fails by a mistake of the operator is a problem in part, without a stack', () => {
    const problems = new PassProblems();
    problems.failed(aKey('a/b'), new TypeError('x is not a function\n at stack'), silent);
    const problem = problems.problem();
    assert.match(typeof problem === 'object' ? problem.inPart : '', /^a\/b: .*TypeError: x is not a function$/);
  });
});
