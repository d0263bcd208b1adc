/** A scenario in one line: what is not as always. */
import {
  type Fault,
  type Injection,
  QUIET,
  QUIET_ROTATION,
  type RotationParts,
  type Scenario,
  type ScenarioEvent,
  type Turn,
  type Until,
} from './scenario.ts';

export function describe(scenario: Scenario): string {
  const { rotation, calls, issues, injections, events, rivalAtMs, paces, ...rest } = scenario;
  const quiet: Readonly<Record<string, unknown>> = { ...QUIET };
  const settings = Object.entries(rest).flatMap(([name, value]) => (value === quiet[name] ? [] : [`${name} ${value}`]));
  return [
    ...(rotation === undefined ? [] : describeRotation(rotation)),
    ...settings,
    ...(rivalAtMs === undefined ? [] : [`a second leader after ${seconds(rivalAtMs)}`]),
    ...(paces.join() === QUIET.paces.join() ? [] : [`paces ${paces.join(' ')}`]),
    ...calls.map((turn, n) => `${nth(n)} call: ${describeTurn(turn)}`),
    ...issues.map((turn, n) => `${nth(n)} issue: ${describeTurn(turn)}`),
    ...injections.map(describeInjection),
    ...events.map(({ atMs, what }) => `after ${seconds(atMs)}: ${describeEvent(what)}`),
  ].join('; ');
}

function describeRotation({ calls, ...rotation }: RotationParts): readonly string[] {
  const quiet: Readonly<Record<string, unknown>> = { ...QUIET_ROTATION };
  const settings = Object.entries(rotation).flatMap(([name, value]) =>
    value === quiet[name] ? [] : [`${name} ${value}`],
  );
  return ['a rotation', ...settings, ...calls.map((turn, n) => `${nth(n)} call of it: ${describeTurn(turn)}`)];
}

const seconds = (ms: number): string => `${ms / 1000} s`;
const nth = (n: number): string => `${n + 1}${['st', 'nd', 'rd'][n] ?? 'th'}`;

const describeInjection = ({ port, nth: n, moment, what }: Injection): string =>
  `${moment === 'Before' ? 'before' : 'after'} the ${nth(n)} ${port}: ${describeEvent(what)}`;

function describeTurn(turn: Turn): string {
  switch (turn.kind) {
    case 'Execute':
      return 'executed';
    case 'Answer':
      return turn.answer.kind === 'Rejected' ? `answered ${turn.answer.code}` : 'not written';
    case 'Copied':
      return `executed, and a copy of it answered ${turn.answer.kind === 'Rejected' ? turn.answer.code : ''}`;
    case 'Overdue':
      return `lost, executed just ahead of the ${OVERDUE[turn.until]}`;
    case 'Lose':
      return `lost, ${turn.executedAfterMs === undefined ? 'never executed' : `executed after ${seconds(turn.executedAfterMs)}`}`;
  }
}

const OVERDUE: Readonly<Record<Until, string>> = {
  NextPreflight: 'next preflight',
  NextCall: 'next call',
  Unlisted: 'next preflight, and never listed',
};

function describeEvent(what: Fault | ScenarioEvent): string {
  switch (what.kind) {
    case 'Pause':
      return `pause of ${seconds(what.ms)}${what.unseenBy === 'Neither' ? '' : ` that the ${what.unseenBy.toLowerCase()} clock does not see`}`;
    case 'Refuse':
      return `status writes refused for ${seconds(what.ms)}`;
    case 'CrashInFlight':
      return `crash, the request arrives ${seconds(what.ms)} later`;
    case 'Throttle':
      return `throttled for ${seconds(what.retryAfterMs)}`;
    case 'LoseLease':
    case 'GainLease':
    case 'StepClock':
      return `${what.kind} of replica ${what.replica}`;
    default:
      return what.kind;
  }
}
