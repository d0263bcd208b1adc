/** Prints what an idle CloudSqlServerCa keeps on the heap, in kB: its entry in the index, and when it is looked at again. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CloudSqlServerCa } from '../../src/domain/server-ca/server-ca-object.ts';
import { indexedOfAnyKind } from '../../src/reconcile/indexed.ts';
import { ObjectIndex } from '../../src/reconcile/object-index.ts';
import { Looks } from '../../src/reconcile/server-ca/looks.ts';
import { newsOf } from '../../src/reconcile/server-ca/schedule.ts';
import { aServerCa } from '../support/fakes/fake-server-cas.ts';

const COUNT = 10_000;
/** What there is one of, whatever the number of objects, is there by then. */
const FIRST = 100;

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

function heapBytes(): number {
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed;
}

/** As the API server sends it: no part of it is shared with another one. */
function settled(n: number): CloudSqlServerCa {
  const sha1Fingerprint = n.toString(16).padStart(40, '0');
  const time = '2026-11-30T14:00:00Z';
  const name = `followed-${n}`;
  return structuredClone(
    aServerCa({
      name,
      spec: { instance: name, serverCa: { secretName: `${name}-ca` } },
      status: {
        observedGeneration: 1,
        readTime: time,
        publishedTo: `Secret/${name}-ca`,
        serverCas: [
          {
            sha1Fingerprint,
            role: 'Active',
            published: true,
            createTime: time,
            expirationTime: '2036-11-27T14:00:00Z',
          },
        ],
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'UpToDate',
            message: `The server CA ${sha1Fingerprint} is published`,
            lastTransitionTime: time,
            observedGeneration: 1,
          },
        ],
      },
    }),
  );
}

const looks = new Looks({ monotonicMs: () => performance.now() }, 300_000);
const index = new ObjectIndex(indexedOfAnyKind);
const keep = (from: number, to: number): void => {
  for (let n = from; n < to; n += 1) {
    const object = settled(n);
    index.apply(object);
    looks.plan(object.metadata.uid, newsOf(object, { index }), 300_000);
  }
};
keep(0, FIRST);
const before = heapBytes();
keep(FIRST, FIRST + COUNT);
const kB = (heapBytes() - before) / COUNT / 1000;
console.log(JSON.stringify({ kB }));
