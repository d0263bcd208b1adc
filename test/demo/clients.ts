/** The clients of the database, reported as they lose it and come back. */
import type { ClientEvent } from '../pods/client-event.ts';
import type { PodClient } from '../pods/kubelet.ts';
import { isConnected } from '../pods/verdict.ts';
import type { Clients } from './checks.ts';
import { BYSTANDER, DEPENDENTS, RELOADED } from './example-objects.ts';
import type { Moment, Paint } from './timeline.ts';

/** One moment for each Deployment of which more or fewer clients are connected, or none, for another reason. */
export function clientMoments(before: readonly PodClient[], after: readonly PodClient[]): readonly Moment[] {
  return appsOf(after).flatMap((app) => {
    const [old, now] = [livingOf(app, before), livingOf(app, after)];
    const problem = commonProblem(now);
    const isNewProblem = problem !== undefined && wordsOf(problem) !== wordsOf(commonProblem(old));
    return isNewProblem || connectedOf(old) !== connectedOf(now) ? [clientMoment(app, now)] : [];
  });
}

const NAMES = [...DEPENDENTS, RELOADED, BYSTANDER];

const appsOf = (clients: readonly PodClient[]): readonly string[] =>
  NAMES.filter((name) => clients.some(({ app }) => app === name));

const livingOf = (wanted: string, clients: readonly PodClient[]): readonly PodClient[] =>
  clients.filter(({ app, isGone }) => app === wanted && !isGone);

const connectedOf = (clients: readonly PodClient[]): number => clients.filter(isConnected).length;

/** Room for the sign of one client more than the examples have. */
const SIGNS_WIDTH = 4;

function clientMoment(subject: string, living: readonly PodClient[]): Moment {
  const signs = living.map(signOf).join('').padEnd(SIGNS_WIDTH);
  const problem = commonProblem(living);
  if (problem !== undefined) return { subject, text: `${signs} ${wordsOf(problem)}`, tone: 'Bad' };
  const connected = connectedOf(living);
  return { subject, text: `${signs} ${connected} connected`, ...(connected === living.length && { tone: 'Good' }) };
}

function signOf(client: PodClient): string {
  if (isConnected(client)) return '●';
  return client.events.some(({ event }) => event === 'lost' || event === 'refused') ? '✗' : '○';
}

type Problem = Extract<ClientEvent, { readonly message: string }>;

const isProblem = (event: ClientEvent | undefined): event is Problem => event !== undefined && 'message' in event;

const wordsOf = (problem: Problem | undefined): string => (problem ? `${problem.event}: ${problem.message}` : '');

/** Where none has a connection, why not; as long as one has not tried again, that all were lost. */
function commonProblem(clients: readonly PodClient[]): Problem | undefined {
  const problems = clients.map(({ events }) => events.at(-1)).filter(isProblem);
  return problems.length < clients.length ? undefined : (problems.find(({ event }) => event === 'lost') ?? problems[0]);
}

/** The time that one client had no connection. */
export interface Absence {
  readonly app: string;
  readonly lostAt: number;
  /** It came back, in a new pod, or in its own with the new file. */
  readonly backAt?: number;
  /** Why it is not back. */
  readonly problem?: string;
}

/** The first client of a Deployment that comes back counts as the first that was lost, and so on. */
export function absencesOf(clients: readonly PodClient[]): readonly Absence[] {
  return appsOf(clients).flatMap((app) => {
    const own = clients.filter((client) => client.app === app);
    const losses = timesOf(own, 'lost');
    const returns = timesOf(own, 'connected').filter((time) => time > (losses[0] ?? Number.POSITIVE_INFINITY));
    return losses.map((lostAt, index) => absence(app, lostAt, returns[index], own));
  });
}

/** The same of what happened since then, in milliseconds since the epoch. */
const absencesSince = (since: number, clients: readonly PodClient[]): readonly Absence[] =>
  absencesOf(clients.map((one) => ({ ...one, events: one.events.filter(({ time }) => time >= since) })));

/** A client that was connected all the time. */
export interface Stay {
  readonly app: string;
  readonly lostAt?: undefined;
}

/** For each client that was connected then, what became of its connection. */
export function coursesSince(since: number, { before, after }: Clients): readonly (Absence | Stay)[] {
  const absences = absencesSince(since, after);
  return appsOf(before).flatMap((app) => {
    const connected = connectedOf(livingOf(app, before));
    const own = absences.filter((one) => one.app === app).slice(0, connected);
    return [...own, ...Array.from({ length: connected - own.length }, () => ({ app }))];
  });
}

function absence(app: string, lostAt: number, backAt: number | undefined, clients: readonly PodClient[]): Absence {
  if (backAt !== undefined) return { app, lostAt, backAt };
  return { app, lostAt, problem: commonProblem(livingOf(app, clients))?.message ?? 'not connected' };
}

const timesOf = (clients: readonly PodClient[], wanted: string): readonly number[] =>
  clients
    .flatMap(({ events }) => events.filter(({ event }) => event === wanted).map(({ time }) => time))
    .sort((one, other) => one - other);

const WIDTH = 40;
/** Of the width, before the first loss and after the last return. */
const MARGIN = 0.1;
const NAME_WIDTH = 'orders-worker'.length;

/** One line a client: connected, away, connected. */
export function picture(heading: string, courses: readonly (Absence | Stay)[], paint: Paint): string {
  const absences = courses.filter((one) => one.lostAt !== undefined);
  const losses = absences.map(({ lostAt }) => lostAt);
  const first = Math.min(...losses);
  const last = Math.max(...losses, ...absences.map(({ backAt = 0 }) => backAt));
  const margin = Math.max(1, (last - first) * MARGIN);
  const column = (time: number): number => Math.round(((time - first + margin) / (last - first + 2 * margin)) * WIDTH);
  const lines = courses.map((one) => `  ${one.lostAt === undefined ? stayed(one) : lineOf(one, column, paint)}`);
  return ['', heading, ...lines].join('\n');
}

const stayed = ({ app }: Stay): string => `${app.padEnd(NAME_WIDTH)}  ${'━'.repeat(WIDTH)}  0.0 s`;

function lineOf({ app, lostAt, backAt, problem }: Absence, column: (time: number) => number, paint: Paint): string {
  const begin = column(lostAt);
  const end = backAt === undefined ? WIDTH : Math.max(begin + 1, column(backAt));
  const away = paint('Bad', '╌'.repeat(end - begin));
  const bar = `${'━'.repeat(begin)}${away}${'━'.repeat(WIDTH - end)}`;
  const length = backAt === undefined ? `still out: ${problem}` : `${((backAt - lostAt) / 1000).toFixed(1)} s`;
  return `${app.padEnd(NAME_WIDTH)}  ${bar}  ${backAt === undefined ? paint('Bad', length) : length}`;
}
