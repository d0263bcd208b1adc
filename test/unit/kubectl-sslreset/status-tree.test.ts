import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ShownObject } from '../../../src/kubectl-sslreset/shown-object.ts';
import { statusTree } from '../../../src/kubectl-sslreset/status-tree.ts';
import { linesOf } from '../../../src/kubectl-sslreset/tree.ts';
import { aCondition, aShownObject, COMPLETE, OPERATION, TIME } from '../../support/fakes/shown-objects.ts';

const drawn = (object: ShownObject, width = Number.POSITIVE_INFINITY): readonly string[] =>
  linesOf([statusTree(object)], { width, paint: (text) => text });

/** With the style of each cell before it. */
const painted = (object: ShownObject): string =>
  linesOf([statusTree(object)], {
    width: Number.POSITIVE_INFINITY,
    paint: (text, style) => `${style}:${text}`,
  }).join('\n');

describe('the tree of an object', () => {
  test('the tree of an object shows conditions, operation, published objects, waves with workloads, and history', () => {
    const lines = drawn(aShownObject({ spec: { requestId: '2026-11' }, status: COMPLETE }));
    assert.deepEqual(lines, [
      'CloudSqlSslReset  orders/orders-db  acme-prod/orders-db  requestId 2026-11',
      '├─ Conditions',
      `│  ├─ Ready            True  Complete              ${TIME}  1/2 workloads rolled; server CA 35a1fe69… in Secret/orders-db-server-ca`,
      `│  ├─ ResetDone        True  OperationDone         ${TIME}  Operation ${OPERATION} is done`,
      `│  └─ WorkloadsRolled  True  ManualActionRequired  ${TIME}  1 rolled and healthy, 1 left to a person`,
      `├─ Operation  DONE  ${OPERATION}  inserted 2026-11-29T02:47:11.400Z, ended 2026-11-29T02:47:15.423Z`,
      '├─ Published',
      '│  ├─ Secret/orders-db-server-ca  server CA               35a1fe69ecad905144be80e8dab65d0c65fb5f16  expires 2036-11-26T02:47:11Z, before the reset 047ee854fbe0c567334caee3e4b9b3e545edeba2',
      '│  └─ Secret/app-cert             client certificate app  1111111111111111111111111111111111111111  expires 2027-11-29T02:47:11Z',
      '├─ Workloads  1/2',
      '│  ├─ Wave 0',
      '│  │  └─ Deployment/api  Rolled',
      '│  └─ Wave 1',
      '│     └─ StatefulSet/queue  ManualActionRequired  its strategy is OnDelete',
      '└─ History',
      `   ├─ ${TIME}  Complete         requestId 2026-11  operation ${OPERATION}`,
      '   └─ 2026-10-01T00:00:00Z  OperationFailed  generation 1',
    ]);
  });

  test('the tree of a CloudSqlServerCa shows each server CA with its role, and where it is published', () => {
    const serverCas = [
      { sha1Fingerprint: 'aa', role: 'Active', published: true, expirationTime: TIME },
      { sha1Fingerprint: 'bb', role: 'RotatedOut', published: false },
    ];
    const object = aShownObject({ status: { publishedTo: 'Secret/bundle', serverCas } });
    assert.deepEqual(drawn({ ...object, kind: 'CloudSqlServerCa' }), [
      'CloudSqlServerCa  orders/orders-db  acme-prod/orders-db',
      '└─ Published',
      `   ├─ Secret/bundle  server CA Active      aa  expires ${TIME}`,
      '   └─ nowhere        server CA RotatedOut  bb',
    ]);
  });

  test('the tree of a CloudSqlServerCa shows the rotation that is under way, and those that are over', () => {
    const times = { startTime: TIME, endTime: TIME };
    const status = {
      rotation: { phase: 'Holding', cause: 'Expiry', previous: 'bb', next: 'cc' },
      history: [
        {
          cause: 'RequestId',
          outcome: 'Rotated',
          requestId: 'spring',
          previous: 'aa',
          next: 'bb',
          approvedManager: 'sslreset',
          ...times,
        },
        { cause: 'Pin', outcome: 'Superseded', ...times },
      ],
    };
    assert.deepEqual(drawn({ ...aShownObject({ status }), kind: 'CloudSqlServerCa' }).slice(1), [
      '├─ Rotation  Holding  Expiry  server CA bb → cc',
      '└─ History',
      `   ├─ ${TIME}  Rotated     requestId spring  server CA aa → bb, approved by field manager sslreset`,
      `   └─ ${TIME}  Superseded  Pin`,
    ]);
  });

  test('the tree of a CloudSqlServerCa of an instance with a CA service shows rotations of server certificates', () => {
    const certificates = [{ sha1Fingerprint: 'bb', role: 'Active', serverCaSha1Fingerprint: 'aa' }];
    const rotation = { phase: 'Adding', cause: 'Expiry', previous: 'bb' };
    const history = [
      { cause: 'Expiry', outcome: 'Rotated', previous: 'ab', next: 'bb', startTime: TIME, endTime: TIME },
    ];
    const object = { ...aShownObject({ status: { certificates, rotation, history } }), kind: 'CloudSqlServerCa' };
    assert.deepEqual(drawn(object).slice(1), [
      '├─ Rotation  Adding  Expiry  server certificate bb → to be added',
      '└─ History',
      `   └─ ${TIME}  Rotated  Expiry  server certificate ab → bb`,
    ]);
  });

  test('an object that the operator has not seen says so, and shows nothing else', () => {
    const expected = ['CloudSqlSslReset  orders/orders-db  acme-prod/orders-db', '└─ the operator has not seen it yet'];
    assert.deepEqual(drawn(aShownObject()), expected);
    assert.deepEqual(drawn(aShownObject({ status: { observedGeneration: -1 } })), expected);
  });

  test('a status of an older generation says which one, and none of its conditions is in the colour of success', () => {
    const outdated = aShownObject({ metadata: { generation: 2 }, status: COMPLETE });
    assert.match(drawn(outdated)[1] ?? '', /has not seen generation 2 yet: what follows is of generation 1$/);
    assert.match(painted(outdated), /faint:Ready/);
    assert.doesNotMatch(painted(outdated), /good:Ready/);
  });

  test('an object in deletion says since when', () => {
    const lines = drawn(aShownObject({ metadata: { deletionTimestamp: TIME }, status: COMPLETE }));
    assert.equal(lines[1], `├─ is being deleted since ${TIME}`);
  });

  test('a message that Ready and Stalled share is shown once', () => {
    const message = 'Namespace orders is not allowed to reset acme-prod/orders-db';
    const conditions = [
      aCondition('Ready', 'False', 'NotPermitted', { message }),
      aCondition('Stalled', 'True', 'NotPermitted', { message }),
    ];
    const text = drawn(aShownObject({ status: { conditions } })).join('\n');
    assert.equal(text.split(message).length, 2);
    assert.match(text, /Stalled +True +NotPermitted/);
  });

  test('an operation that failed shows each error of Cloud SQL and its warning', () => {
    const operation = {
      name: OPERATION,
      status: 'DONE',
      error: { errors: [{ code: 'INTERNAL_ERROR', message: 'It did not work' }] },
      apiWarning: { code: 'REGION_UNREACHABLE', message: 'europe-west1 cannot be reached' },
    };
    const lines = drawn(aShownObject({ status: { operation } }));
    assert.deepEqual(lines.slice(1), [
      `└─ Operation  DONE  ${OPERATION}`,
      '   ├─ INTERNAL_ERROR      It did not work',
      '   └─ REGION_UNREACHABLE  europe-west1 cannot be reached',
    ]);
    assert.match(painted(aShownObject({ status: { operation } })), /bad:DONE/);
  });

  test('a client certificate that is not in its Secret shows why', () => {
    const clientCertificates = [
      { commonName: 'app', secretName: 'app-cert', reason: 'ClientCertificateConflict', message: 'it exists already' },
    ];
    assert.match(
      drawn(aShownObject({ status: { clientCertificates } })).join('\n'),
      /Secret\/app-cert {2}client certificate app +ClientCertificateConflict: it exists already/,
    );
  });

  test('a roll of more workloads than the status lists says how many are not shown', () => {
    const rollout = {
      summary: '1/250',
      total: 250,
      workloads: [{ kind: 'Deployment', name: 'a', wave: 0, state: 'Rolled' }],
    };
    assert.equal(drawn(aShownObject({ status: { rollout } })).at(-1), '   └─ 249 more, which the status does not list');
  });

  for (const width of [40, 60, 80, 120]) {
    test(`on ${width} columns no line of a tree is longer, and nothing of it is left out`, () => {
      const object = aShownObject({ spec: { requestId: '2026-11' }, status: COMPLETE });
      const lines = drawn(object, width);
      assert.deepEqual(
        lines.filter((line) => line.length > width),
        [],
      );
      const words = (texts: readonly string[]) => texts.join(' ').replaceAll(/[│├└─\s]/g, '');
      assert.equal(words(lines), words(drawn(object)));
    });
  }

  test('control characters of a foreign text do not reach the terminal', () => {
    const conditions = [aCondition('Ready', 'False', 'Evil\x1b[2J', { message: 'red \x1b[31m\r\nsecond line' })];
    for (const line of drawn(aShownObject({ status: { conditions } }), 60)) assert.doesNotMatch(line, /\p{Cc}/u);
  });

  const styles = [
    [aCondition('Ready', 'True', 'Complete'), 'good'],
    [aCondition('Ready', 'Unknown', 'Progressing'), 'busy'],
    [aCondition('Ready', 'False', 'Throttled'), 'busy'],
    [aCondition('Reconciling', 'True', 'Throttled'), 'busy'],
    [aCondition('Stalled', 'True', 'RolloutFailed'), 'bad'],
    [aCondition('ResetDone', 'True', 'OperationDone'), 'good'],
  ] as const;
  for (const [condition, style] of styles) {
    test(`${condition.type}=${condition.status} is shown as ${style}`, () => {
      const text = painted(aShownObject({ status: { conditions: [condition] } }));
      assert.match(text, new RegExp(`${style}:${condition.type}`));
    });
  }
});
