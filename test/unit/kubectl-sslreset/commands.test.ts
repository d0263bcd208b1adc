import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { resume, retry, suspend } from '../../../src/kubectl-sslreset/commands/annotate.ts';
import { status } from '../../../src/kubectl-sslreset/commands/status.ts';
import { wait } from '../../../src/kubectl-sslreset/commands/wait.ts';
import type { Kubectl } from '../../../src/kubectl-sslreset/kubectl.ts';
import { getArguments, selectionOf } from '../../../src/kubectl-sslreset/selection.ts';
import type { ShownObject } from '../../../src/kubectl-sslreset/shown-object.ts';
import { kubectlOf, list } from '../../support/fakes/fake-kubectl.ts';
import { aCondition, aShownObject } from '../../support/fakes/shown-objects.ts';

const stalled = { conditions: [aCondition('Stalled', 'True', 'RolloutFailed')] };
const listOf = (...items: readonly ShownObject[]): string => JSON.stringify({ items });

/** A context whose user gives up at once, and what it was told. */
function interrupted(kubectl: Kubectl, terminal?: { readonly columns: number; readonly rows: number }) {
  const told = { stdout: '', stderr: '' };
  const context = {
    kubectl,
    stdout: {
      write: (text: string) => {
        told.stdout += text;
      },
      ...(terminal !== undefined && { isTTY: true, hasColors: () => false, ...terminal }),
    },
    stderr: {
      write: (text: string) => {
        told.stderr += text;
      },
    },
    interrupted: AbortSignal.abort(),
    now: () => new Date('2026-11-29T07:00:00Z'),
  };
  return { context, told };
}

describe('the commands', () => {
  test('a wait that is interrupted says how far the objects are, and not that its time is over', async () => {
    const { context, told } = interrupted(kubectlOf({ looks: [list('a')], watches: [] }));
    assert.equal(await wait(context, selectionOf(['a']), '1h'), 3);
    assert.match(told.stdout, /sslreset orders\/a is not Ready: the operator has not seen it yet\n$/);
    assert.equal(told.stderr, '');
  });

  test('a retry of several objects is refused whole where one of them is not stalled', async () => {
    const objects = listOf(
      aShownObject({ metadata: { name: 'a' }, status: stalled }),
      aShownObject({ metadata: { name: 'b' } }),
    );
    const kubectl = kubectlOf({ looks: [objects], watches: [] });
    await assert.rejects(retry(interrupted(kubectl).context, selectionOf(['a', 'b'])), {
      message: 'sslreset orders/b is not stalled, so there is nothing to retry: the operator has not seen it yet',
    });
    assert.equal(kubectl.asked.length, 1);
  });

  test('a rotation is suspended like a reset', async () => {
    const looks = [listOf({ ...aShownObject({ metadata: { name: 'a' } }), kind: 'CloudSqlServerCa' })];
    const kubectl = kubectlOf({ looks, watches: [] });
    assert.equal(await suspend(interrupted(kubectl).context, selectionOf(['sqlca/a'])), 0);
    assert.deepEqual(kubectl.asked.at(-1)?.slice(0, 3), [
      'annotate',
      'cloudsqlservercas.cloudsql-ssl.dev/a',
      'cloudsql-ssl.dev/suspend=true',
    ]);
  });

  test('a name that objects of two kinds have is refused where an object is to be changed', async () => {
    const objects = listOf(
      ...['CloudSqlSslReset', 'Other'].map((kind) => ({ ...aShownObject({ status: stalled }), kind })),
    );
    for (const command of [retry, suspend, resume]) {
      const kubectl = kubectlOf({ looks: [objects], watches: [] });
      await assert.rejects(command(interrupted(kubectl).context, selectionOf(['orders-db'])), {
        message: 'orders-db may be each of CloudSqlSslReset/orders-db, Other/orders-db: name its kind too',
      });
      assert.equal(kubectl.asked.length, 1);
    }
  });

  test('a retry annotates all objects at once, each time with another value', async () => {
    const objects = listOf(...['a', 'b'].map((name) => aShownObject({ metadata: { name }, status: stalled })));
    const kubectl = kubectlOf({ looks: [objects], watches: [] });
    assert.equal(await retry(interrupted(kubectl).context, selectionOf(['a', 'b'])), 0);
    assert.deepEqual(kubectl.asked.at(-1), [
      'annotate',
      'cloudsqlsslresets.cloudsql-ssl.dev/a',
      'cloudsqlsslresets.cloudsql-ssl.dev/b',
      'cloudsql-ssl.dev/retry=2026-11-29T07:00:00.000Z',
      '--overwrite',
      '--field-manager=sslreset',
    ]);
  });

  test('on a terminal a watch draws what fits, and leaves the whole of it behind', async () => {
    const kubectl = kubectlOf({ looks: [list('a', 'b')], watches: [] });
    const { context, told } = interrupted(kubectl, { columns: 80, rows: 3 });
    assert.equal(await status(context, selectionOf([]), { watch: true }), 0);
    const [drawn = '', left = ''] = told.stdout.split('\x1b[?1049l');
    assert.match(stripVTControlCharacters(drawn), /… 3 more lines than this window has$/);
    assert.deepEqual(left.trimEnd().split('\n').length, 5);
  });

  const [resets, serverCas] = [
    'cloudsqlsslresets.cloudsql-ssl.dev/orders-db',
    'cloudsqlservercas.cloudsql-ssl.dev/orders-db',
  ];
  const words = [
    ['orders-db', [serverCas, resets]],
    ['sslreset/orders-db', [resets]],
    ['cloudsqlsslresets/orders-db', [resets]],
    ['CloudSqlSslReset/orders-db', [resets]],
    ['cloudsqlsslreset.cloudsql-ssl.dev/orders-db', [resets]],
    ['sqlca/orders-db', [serverCas]],
    ['cloudsqlserverca.cloudsql-ssl.dev/orders-db', [serverCas]],
  ] as const;
  for (const [word, targets] of words) {
    test(`an object that is called ${word} is looked for by plural and group`, () => {
      assert.deepEqual(getArguments(selectionOf([word])), ['get', ...targets, '--ignore-not-found']);
    });
  }

  test('an object of another API is refused, with the kinds that are known', () => {
    assert.throws(
      () => getArguments(selectionOf(['certificatesigningrequest/csr'])),
      /: certificatesigningrequest\/csr: the kind is none of .*sslreset, cloudsqlsslreset, cloudsqlsslresets/,
    );
  });
});
