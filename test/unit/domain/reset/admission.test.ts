import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { admissionObstacle, deadlineMessage } from '../../../../src/domain/reset/admission.ts';
import {
  aRequest,
  aReset,
  at,
  dateAt,
  fingerprint,
  type ResetParts,
  reconcilingConditions,
} from '../../../support/fakes/builders.ts';

interface Circumstances {
  readonly allowed?: boolean;
  readonly requirePreconditions?: boolean;
  readonly seconds?: number;
}

const reasonOf = (parts: ResetParts, circumstances?: Circumstances) => verdictOf(parts, circumstances)?.reason;

function verdictOf(
  parts: ResetParts,
  { allowed = true, requirePreconditions = false, seconds = 1 }: Circumstances = {},
) {
  const permission = allowed ? { allowed } : { allowed, message: 'not allowed' };
  const reset = aReset({ status: { request: aRequest() }, ...parts });
  return admissionObstacle(reset, { permission, requirePreconditions, now: dateAt(seconds) });
}

const hook = { 'argocd.argoproj.io/hook': 'Sync' };
const precondition = { serverCaSha1Fingerprint: fingerprint(1) };
const expired = { notAfterTime: at(0) };

describe('refusal', () => {
  test('nothing in the way: none', () => assert.equal(reasonOf({}), undefined));
  test('refusal: not permitted comes before everything else', () =>
    assert.equal(
      reasonOf({ annotations: hook, spec: { preconditions: expired } }, { allowed: false, seconds: 3600 }),
      'NotPermitted',
    ));
  test('a hook comes before the expiry', () =>
    assert.equal(reasonOf({ annotations: hook, spec: { preconditions: expired } }), 'HookNotAllowed'));
  test('the expiry comes before the deadline', () =>
    assert.equal(reasonOf({ spec: { preconditions: expired } }, { seconds: 3600 }), 'Expired'));
  test('the deadline comes before demanded preconditions', () =>
    assert.equal(reasonOf({}, { requirePreconditions: true, seconds: 3600 }), 'DeadlineExceeded'));
  test('refusal: preconditions that the operator demands', () =>
    assert.equal(reasonOf({}, { requirePreconditions: true }), 'PreconditionsRequired'));
  test('a fingerprint is a precondition', () =>
    assert.equal(reasonOf({ spec: { preconditions: precondition } }, { requirePreconditions: true }), undefined));

  test('a server certificate that must be missing is a precondition', () => {
    const preconditions = { serverCertificate: 'Missing' } as const;
    assert.equal(reasonOf({ spec: { preconditions } }, { requirePreconditions: true }), undefined);
    assert.equal(reasonOf({ annotations: hook, spec: { preconditions } }), undefined);
  });

  const recreated: readonly (readonly [string, string])[] = [
    ['argocd.argoproj.io/hook', 'PreSync'],
    ['argocd.argoproj.io/sync-options', 'Force=true'],
    ['argocd.argoproj.io/sync-options', 'Prune=false, Replace=true'],
    ['argocd.argoproj.io/sync-options', 'prune=false,force = True'],
    ['helm.sh/hook', 'post-upgrade'],
    ['kluctl.io/hook', 'pre-deploy'],
    ['kustomize.toolkit.fluxcd.io/force', 'enabled'],
    ['kustomize.toolkit.fluxcd.io/force', 'Enabled'],
    ['kustomize.toolkit.fluxcd.io/force', ' true '],
    ['kapp.k14s.io/update-strategy', 'always-replace'],
    ['kapp.k14s.io/update-strategy', 'fallback-on-replace'],
    ['kapp.k14s.io/update-strategy', 'Always-Replace'],
    ['kapp.k14s.io/versioned', ''],
    ['strategy.spinnaker.io/recreate', 'true'],
    ['strategy.spinnaker.io/replace', 'true'],
    ['werf.io/delete-policy', 'before-creation'],
  ];
  for (const [key, value] of recreated) {
    test(`an object recreated by ${key}: ${JSON.stringify(value)} is refused, by its name and with the way out`, () => {
      const verdict = verdictOf({ annotations: { [key]: value } });
      assert.equal(verdict?.reason, 'HookNotAllowed');
      assert.ok(verdict?.message.includes(key));
      assert.match(
        verdict?.message ?? '',
        /serverCertificate: Missing; or remove that annotation or label.*kubectl -n orders annotate/,
      );
    });
    test(`with a fingerprint ${key}: ${JSON.stringify(value)} is harmless`, () =>
      assert.equal(reasonOf({ annotations: { [key]: value }, spec: { preconditions: precondition } }), undefined));
  }
  test('Flux takes its mark from a label as well, and so is refused', () =>
    assert.equal(reasonOf({ labels: { 'kustomize.toolkit.fluxcd.io/force': 'enabled' } }), 'HookNotAllowed'));
  const patched: readonly (readonly [string, string])[] = [
    ['argocd.argoproj.io/sync-options', 'Force=false,Prune=true,ServerSideApply=true'],
    ['argocd.argoproj.io/sync-options', ''],
    ['argocd.argoproj.io/sync-wave', '5'],
    ['helm.sh/resource-policy', 'keep'],
    ['kustomize.toolkit.fluxcd.io/force', 'disabled'],
    ['kustomize.toolkit.fluxcd.io/ssa', 'Merge'],
    ['kustomize.toolkit.fluxcd.io/reconcile', 'disabled'],
    ['kapp.k14s.io/update-strategy', ''],
    ['kapp.k14s.io/update-strategy', 'skip'],
    ['strategy.spinnaker.io/recreate', 'false'],
    ['constructor', 'x'],
  ];
  for (const [key, value] of patched) {
    test(`${key}: ${JSON.stringify(value)} recreates nothing, and is harmless`, () =>
      assert.equal(reasonOf({ annotations: { [key]: value } }), undefined));
  }
  for (const notAfterTime of ['2020-01-01T00:00:00,123456789+00:00', '2020-01-01T00:00:00+25:00', 'tomorrow', '']) {
    test(`a notAfterTime that cannot be read, ${JSON.stringify(notAfterTime)}, is an invalid request, never an open guard`, () => {
      const verdict = verdictOf({ spec: { preconditions: { notAfterTime } } });
      assert.equal(verdict?.reason, 'InvalidRequest');
      assert.match(verdict?.message ?? '', /preconditions\.notAfterTime.*such as 20\d\d-.*or remove it/);
    });
  }
  test('at its very time a request is not yet expired', () =>
    assert.equal(reasonOf({ spec: { preconditions: { notAfterTime: at(1) } } }), undefined));
});

test('past the deadline the message keeps what it waited for, and how to go on', () => {
  const message = deadlineMessage(aReset({ status: { conditions: reconcilingConditions('Throttled') } }));
  assert.match(message, /Throttled/);
  assert.match(message, /kubectl -n orders annotate sslreset orders-db --overwrite cloudsql-ssl\.dev\/retry=/);
});
