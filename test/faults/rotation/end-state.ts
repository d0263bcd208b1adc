import type { ServerCas } from '../../../src/domain/instance.ts';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import { revision } from '../../../src/domain/trust/tls-material.ts';
import type { JournalEntry } from '../../cloudsql-emulator/journal.ts';
import { currentCas, deploymentStates, type EndState, secretState } from '../end-state.ts';
import type { Fixture } from '../fixture.ts';

/** What a run comes to, in words that are the same for each run: names and times are judged, not kept. */
export interface RotationEnd {
  /** Those that change the instance and took effect, as the emulator counts, in their order. */
  readonly calls: readonly string[];
  /** By which CA the instance serves. */
  readonly serves: 'Next' | 'Previous' | 'Another';
  readonly conditions: readonly string[];
  /** What is left of the rotation. */
  readonly rotation: string;
  readonly history: readonly string[];
  readonly executedRequestIds: readonly string[];
  /** Which the object claims. */
  readonly operations: string;
  readonly roles: readonly string[];
  readonly secret: EndState['secret'];
  readonly publishedTo: string | undefined;
  /** `name generation Current|Old|None`: rolled once for the rotation means generation 3. */
  readonly deployments: readonly string[];
  readonly rollout: string;
}

const CALLS: ReadonlySet<string> = new Set(['addServerCa', 'rotateServerCa', 'resetSslConfig']);

export const executedCalls = ({ emulator }: Pick<Fixture, 'emulator'>): readonly JournalEntry[] =>
  emulator.journal.entries({ executed: true }).filter(({ api }) => CALLS.has(api));

export async function rotationEnd(fixture: Fixture, { status }: CloudSqlServerCa): Promise<RotationEnd> {
  const { rollout, rotation = {}, history = [], conditions = [], rotationOperations = [] } = status;
  const calls = executedCalls(fixture);
  const own = calls.map(({ operation }) => operation).toReversed();
  return {
    calls: calls.map(({ api }) => api),
    serves: servedBy(fixture, history[0]),
    conditions: conditions.map((one) => `${one.type}=${one.status} ${one.reason}`).toSorted(),
    rotation: Object.entries(rotation)
      .map(([key, value]) => (key === 'phase' ? String(value) : key))
      .join(' '),
    history: history.map(({ cause, requestId, outcome }) => `${cause} ${requestId} ${outcome}`),
    executedRequestIds: status.executedRequestIds ?? [],
    operations:
      rotationOperations.join() === own.join() ? 'Of the calls' : `${rotationOperations.length} of ${own.length}`,
    roles: (status.serverCas ?? []).map(({ role, published }) => `${role} ${published ? 'published' : 'left out'}`),
    secret: await secretState(fixture),
    publishedTo: status.publishedTo,
    deployments: await deploymentStates(fixture, digestsOf(currentCas(fixture))),
    rollout: `${rollout?.rolled} of ${rollout?.total}, ${rollout?.failed} failed, ${rollout?.skipped} skipped`,
  };
}

function servedBy(
  fixture: Fixture,
  last: { readonly next?: string; readonly previous?: string } | undefined,
): RotationEnd['serves'] {
  const active = currentCas(fixture)[0]?.sha1Fingerprint;
  if (active === last?.next) return 'Next';
  return active === last?.previous ? 'Previous' : 'Another';
}

/** Of those that are listed now: whichever was active when the pods got them. */
export const digestsOf = (cas: ServerCas): readonly string[] =>
  cas.map((first) => revision([first, ...cas.filter((ca) => ca !== first)]));
