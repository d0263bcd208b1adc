import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { endingOf } from '../../../src/kubectl-sslreset/ending.ts';
import type { ShownObject } from '../../../src/kubectl-sslreset/shown-object.ts';
import { aCondition, aShownObject } from '../../support/fakes/shown-objects.ts';

const ready = aCondition('Ready', 'True', 'Complete', { message: 'all is done' });
const stalled = [
  aCondition('Ready', 'False', 'RolloutFailed', { message: 'api is not healthy' }),
  aCondition('Stalled', 'True', 'RolloutFailed', { message: 'api is not healthy' }),
];
const retried = { annotations: { 'cloudsql-ssl.dev/retry': 'now' } };
const request = { generation: 1, receivedTime: '', attempt: 1 };

const cases: readonly (readonly [string, ShownObject | undefined, string, string])[] = [
  ['is Ready', aShownObject({ status: { conditions: [ready] } }), 'Done', 'is Ready: Complete: all is done'],
  [
    'is Stalled',
    aShownObject({ status: { conditions: stalled } }),
    'Failed',
    'is Stalled: RolloutFailed: api is not healthy',
  ],
  ['is deleted', undefined, 'Failed', 'is deleted'],
  ['was not seen', aShownObject(), 'Open', 'is not Ready: the operator has not seen it yet'],
  [
    'is Ready for an older generation',
    aShownObject({ metadata: { generation: 2 }, status: { conditions: [ready] } }),
    'Open',
    'is not Ready: Complete: all is done',
  ],
  [
    'is Stalled for an older generation',
    aShownObject({ metadata: { generation: 2 }, status: { conditions: stalled } }),
    'Open',
    'is not Ready: RolloutFailed: api is not healthy',
  ],
  [
    'is Stalled, and has a retry that the operator has not seen',
    aShownObject({ metadata: retried, status: { conditions: stalled, request } }),
    'Open',
    'is not Ready: RolloutFailed: api is not healthy',
  ],
  [
    'is Stalled again after a retry',
    aShownObject({ metadata: retried, status: { conditions: stalled, request: { ...request, retry: 'now' } } }),
    'Failed',
    'is Stalled: RolloutFailed: api is not healthy',
  ],
  [
    'is Stalled, and has a retry that is blank',
    aShownObject({
      metadata: { annotations: { 'cloudsql-ssl.dev/retry': ' ' } },
      status: { conditions: stalled, request },
    }),
    'Failed',
    'is Stalled: RolloutFailed: api is not healthy',
  ],
  [
    'is a CloudSqlServerCa that is Stalled again after a retry',
    {
      ...aShownObject({ metadata: retried, status: { conditions: stalled, retry: 'now' } }),
      kind: 'CloudSqlServerCa',
    },
    'Failed',
    'is Stalled: RolloutFailed: api is not healthy',
  ],
  [
    'is a CloudSqlServerCa with a retry that the operator has not seen',
    { ...aShownObject({ metadata: retried, status: { conditions: stalled } }), kind: 'CloudSqlServerCa' },
    'Open',
    'is not Ready: RolloutFailed: api is not healthy',
  ],
  [
    'is a CloudSqlServerCa of which only the plan of its rotation is wanted',
    {
      ...aShownObject({
        spec: { rotation: { mode: 'OnRequest', requestId: 'spring' } },
        status: {
          conditions: [
            aCondition('Ready', 'True', 'Planned', { message: 'it adds a server CA' }),
            aCondition('ServerCaRotated', 'False', 'Planned'),
          ],
        },
      }),
      kind: 'CloudSqlServerCa',
    },
    'Done',
    'is Ready: Planned: it adds a server CA',
  ],
  [
    'has a wait that goes on by itself',
    aShownObject({ status: { conditions: [aCondition('Ready', 'False', 'Throttled', { message: 'later' })] } }),
    'Open',
    'is not Ready: Throttled: later',
  ],
];

describe('the end of an object', () => {
  for (const [what, object, kind, words] of cases) {
    test(`the end of an object that ${what} is ${kind}`, () => {
      assert.deepEqual(endingOf(object), { kind, words });
    });
  }
});
