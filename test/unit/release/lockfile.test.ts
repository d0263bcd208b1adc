import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeAudit, lockfileProblems } from '../../../scripts/lockfile.ts';

const integrity = 'sha512-AAAA';
const problemsOf = (entry: object) => lockfileProblems({ packages: { '': {}, 'node_modules/x': entry } });

describe('a lockfile', () => {
  test('a lockfile is well where each package has a hash and no address of its own', () => {
    assert.deepEqual(problemsOf({ integrity }), []);
    assert.deepEqual(problemsOf({ inBundle: true }), []);
  });

  test('a lockfile is refused with a package from elsewhere', () => {
    for (const resolved of ['http://registry.npmjs.org/x.tgz', 'git+ssh://git@example.com/x.git', 'file:../x']) {
      assert.deepEqual(problemsOf({ integrity, resolved }), [
        `node_modules/x comes from ${resolved}, and not from the registry`,
      ]);
    }
    assert.deepEqual(problemsOf({ link: true }), ['node_modules/x comes from a link, and not from the registry']);
  });

  test('a lockfile is refused with a package whose bytes nothing holds', () => {
    for (const weak of [{}, { integrity: 'sha1-AAAA' }]) {
      assert.deepEqual(problemsOf(weak), ['node_modules/x has no integrity of SHA-512']);
    }
  });
});

describe('an audit', () => {
  const found = (severity: string) =>
    JSON.stringify({ vulnerabilities: { x: { severity, range: '<2.0.0', via: [{ title: 'It leaks' }, 'y'] } } });

  test('an audit fails for what is high or critical, and names it', () => {
    for (const severity of ['high', 'critical']) {
      assert.deepEqual(judgeAudit(found(severity)), {
        kind: 'Answered',
        problems: [`x <2.0.0 is vulnerable, ${severity}: It leaks; by y. Raise it, or what depends on it`],
      });
    }
    assert.deepEqual(judgeAudit(found('moderate')), { kind: 'Answered', problems: [] });
  });

  test('an audit knows no answer where nothing or an error came back', () => {
    for (const output of ['', '{"message": "request to /-/npm/v1/security failed", "error": {}}', '<html>']) {
      assert.deepEqual(judgeAudit(output), { kind: 'NoAnswer' });
    }
  });
});
