/** One fault each that no sweep makes, and what has to come of it all the same. */
import { findCondition } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { activeCa, INSTANCE, isReady, PROJECT, reset } from '../support/operator/fixture.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import type { Lab } from '../support/proxied/lab.ts';
import { isCall, once, type Seen, untouched } from '../support/proxied/traffic.ts';
import { type Case, outcome, runCase } from './case.ts';
import { kubernetesError } from './effects.ts';
import { CERTIFICATES, certificateStates, deploymentStates } from './end-state.ts';
import { type Fixture, openFixture } from './fixture.ts';
import { createRun, type ResetAttack, type ResetReference } from './resets.ts';
import { isStalledFor } from './whole-run.ts';

const GROUP = 'one of a kind';

const isStatusWrite = ({ method, path }: Seen): boolean => method === 'PUT' && path.includes('/status');
const REFUSED = { effect: kubernetesError(403, 'Forbidden') };

const SINGLES: Readonly<Record<string, ResetAttack>> = {
  'the outcome of the call is refused, until it was given up': {
    background: (fixture) => (seen) => (isStatusWrite(seen) && fixture.traffic.seen.some(isCall) ? REFUSED : undefined),
    meanwhile: async (fixture) => {
      await fixture.operator.says('The outcome of the call could not be written: giving up');
      fixture.traffic.background = untouched;
    },
  },
  // A surrogate pair lies across the end of what is kept of it.
  'a retry ends in half a character where it is cut': {
    prepare: async (fixture) => {
      const value = `${'x'.repeat(1_023)}\u{1f600}`;
      await fixture.kubectl(['annotate', 'sslreset', 'db', `cloudsql-ssl.dev/retry=${value}`]);
    },
  },
};

/** Every application needs the CA, and none of them one of these certificates. */
const REFUSED_CERTIFICATE: ResetAttack = {
  spec: { clientCertificates: CERTIFICATES },
  prepare: async ({ emulator }) => {
    const answer = { kind: 'Error', executed: false, code: 400, reason: 'invalid' } as const;
    emulator.order({ api: 'sslCerts.insert', times: 'Always', answer });
  },
  isEnd: isStalledFor('InvalidRequest'),
  stalls: /^db InvalidRequest$/,
  allowed: {
    conditions: /"ResetDone=True .*"ServerCaPublished=True .*"Stalled=True InvalidRequest"/,
    certificates: /./,
    rollout: /^"3 of 3, 0 failed, 0 skipped"$/,
    history: /./,
  },
};

export const singleCases = (reference: ResetReference): readonly Case[] => [
  ...Object.entries(SINGLES).map(([what, attack]) => single(what, attack, reference)),
  single('client certificates are refused by 400', REFUSED_CERTIFICATE, reference),
  ...Object.entries(DELETIONS).map(([when, matches]) => ({
    group: GROUP,
    name: `${GROUP}: an object is deleted ${when}, and one of another namespace lives on`,
    run: (lab: Lab) => siblingLivesOn(lab, matches),
  })),
  {
    group: GROUP,
    name: `${GROUP}: the server CA is rolled back after two objects published the next one`,
    run: rolledBack,
  },
];

const single = (what: string, attack: ResetAttack, reference: ResetReference): Case =>
  runCase(reference, { group: GROUP, name: `${GROUP}: ${what}` }, attack);

/** At which request. */
const DELETIONS: Readonly<Record<string, (seen: Seen) => boolean>> = {
  'with its call on the wire': isCall,
  'while its operation runs': ({ side, path }) => side === 'CloudSql' && path.includes('/operations/'),
};

/** Longer than any delay between two passes. */
const QUIET_MS = 1_500;

/** The certificates and the CA of the survivor die with a reset that no object is left to report. */
async function siblingLivesOn(lab: Lab, matches: (seen: Seen) => boolean) {
  const fixture = await openFixture(lab, { hasNeighbour: true });
  const meanwhile = async (): Promise<void> =>
    void (await fixture.kubectl(['delete', 'sslreset', 'db', '--wait=false']));
  try {
    const survivor = reset(
      { serverCa: { secretName: 'ca' }, clientCertificates: CERTIFICATES, rollout: { disabled: true } },
      { name: 'survivor', namespace: fixture.neighbour },
    );
    await fixture.create(survivor);
    fixture.startOperator();
    const isComplete = await fixture.observer.until((all) => isThere(all.get('survivor'), isReady), PATIENCE_MS);
    const dying = activeCa(fixture).sha1Fingerprint;
    fixture.traffic.tamper = once(1, { effect: { kind: 'Pass' }, meanwhile }, matches);
    await createRun(fixture);
    // A reset counts as executed from its call on; until its operation ends the old CA is the active one.
    const isBack = await fixture.observer.until(
      (all) =>
        all.get('db') === undefined &&
        activeCa(fixture).sha1Fingerprint !== dying &&
        isThere(all.get('survivor'), (one) => isReady(one) && hasCa(fixture, one)),
      PATIENCE_MS,
    );
    await fixture.traffic.quiet(QUIET_MS);
    const last = fixture.observer.get('survivor');
    return outcome([
      ...(isComplete ? [] : ['it was not Ready in the first place']),
      ...(isBack ? [] : [`the survivor has a dead CA: ${JSON.stringify(last?.status.conditions)}\n${fixture.log}`]),
      ...(executed(fixture) === 2 ? [] : [`${executed(fixture)} resets were executed`]),
      ...(await deadCertificates(fixture, last)),
      ...fixture.observer.stalls.map((stall) => `it was stalled: ${stall}`),
    ]);
  } finally {
    await fixture.close();
  }
}

const isThere = (one: SslReset | undefined, holds: (reset: SslReset) => boolean): boolean =>
  one !== undefined && holds(one);

const isUp = ({ status }: SslReset): boolean => findCondition(status.conditions, 'Ready')?.status === 'True';

const executed = ({ emulator }: Fixture): number => emulator.journal.executedResets(PROJECT, INSTANCE).length;

const hasCa = (fixture: Fixture, { status }: SslReset): boolean =>
  status.serverCa?.sha1Fingerprint === activeCa(fixture).sha1Fingerprint;

async function deadCertificates(fixture: Fixture, last: SslReset | undefined): Promise<readonly string[]> {
  if (last === undefined) return ['the survivor is gone'];
  const states = await certificateStates(fixture, last);
  return states.filter((state) => state.endsWith(' Dead')).map((state) => `a client certificate is dead: ${state}`);
}

/** What Cloud SQL lists now counts for more than what the other object has seen before. */
async function rolledBack(lab: Lab) {
  const fixture = await openFixture(lab);
  const instance = fixture.emulator.instance(PROJECT, INSTANCE);
  const haveCa = (generation: number) => (all: ReadonlyMap<string, SslReset>) =>
    all.size === 2 &&
    [...all.values()].every((one) => isUp(one) && hasCa(fixture, one)) &&
    all.get('db')?.metadata.generation === generation;
  try {
    await createRun(fixture, { requestId: 'one' });
    fixture.startOperator();
    const isReset = await fixture.observer.until((all) => isThere(all.get('db'), isReady), PATIENCE_MS);
    await instance.addVersion();
    instance.rotate();
    const preconditions = { serverCertificate: 'Missing' };
    const publishing = { serverCa: { secretName: 'other' }, rollout: { disabled: true } };
    await fixture.create(reset({ preconditions, ...publishing }, { name: 'other' }));
    const isRotated = await fixture.observer.until(haveCa(1), PATIENCE_MS);
    instance.rollBack();
    const edit = JSON.stringify({ spec: { deadlineSeconds: 1_234 } });
    await fixture.kubectl(['patch', 'sslreset', 'db', '--type=merge', `--patch=${edit}`]);
    const isRolledBack = await fixture.observer.until(haveCa(2), PATIENCE_MS);
    await fixture.traffic.quiet(QUIET_MS);
    const conditions = fixture.observer.all.map(({ status }) => JSON.stringify(status.conditions)).join('\n');
    return outcome([
      ...(isReset ? [] : ['it was not Ready in the first place']),
      ...(isRotated ? [] : [`not both had the next CA: ${conditions}`]),
      ...(isRolledBack ? [] : [`not both have the CA that is active again: ${conditions}\n${fixture.log}`]),
      ...(executed(fixture) === 1 ? [] : [`${executed(fixture)} resets were executed`]),
      ...(await deploymentStates(fixture)).filter((state) => !state.endsWith(' Current')),
      ...fixture.observer.stalls.map((stall) => `it was stalled: ${stall}`),
    ]);
  } finally {
    await fixture.close();
  }
}
