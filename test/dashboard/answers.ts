/** What a Prometheus answers to the queries of a dashboard. */
import { type AskingPanel, asks, type Dashboard } from './dashboard.ts';
import type { Prometheus, Series, Span } from './prometheus.ts';

export interface NamedSeries extends Series {
  /** As the legend has it. */
  readonly name: string;
}

/** By the id of the panel. */
export type Answers = ReadonlyMap<number, readonly NamedSeries[]>;

export interface Run {
  readonly start: Date;
  readonly end: Date;
  readonly scrapeSeconds: number;
  /** How many times shorter than on a cluster its scrape interval is; the steps of the panels are shortened as much. */
  readonly timesShorter: number;
}

/** A picture has no more points than that. */
const MOST_POINTS = 120;

/**
 * Asks what Grafana would, with its variables filled in as it does.
 * @throws Error that names each query which Prometheus refuses or has no series for
 */
export async function answersTo({ panels }: Dashboard, prometheus: Prometheus, run: Run): Promise<Answers> {
  const all = await Promise.all(
    panels.filter(asks).map(async (panel) => ({ panel, answers: await answersOf(panel, prometheus, run) })),
  );
  const empty = all.flatMap(({ panel, answers }) =>
    answers.filter(({ found }) => found.length === 0).map(({ expr }) => `${panel.title}: ${expr}`),
  );
  if (empty.length > 0) throw new Error(`Queries of the dashboard without an answer:\n${empty.join('\n')}`);
  return new Map(all.map(({ panel, answers }) => [panel.id, answers.flatMap(({ found }) => found)]));
}

async function answersOf(panel: AskingPanel, prometheus: Prometheus, run: Run) {
  const stepSeconds = stepOf(panel, run);
  const span: Span = { start: run.start, end: run.end, stepSeconds };
  return Promise.all(
    panel.targets.map(async ({ expr, legendFormat }) => {
      const query = filledIn(expr, rateIntervalOf(stepSeconds, run));
      const found =
        panel.type === 'timeseries' ? await prometheus.over(query, span) : await prometheus.at(query, run.end);
      return { expr, found: found.map((each) => ({ ...each, name: nameOf(each, legendFormat) })) };
    }),
  );
}

export function stepOf(panel: AskingPanel, { start, end, scrapeSeconds, timesShorter }: Run): number {
  const shortest = panel.type === 'timeseries' && panel.interval !== undefined ? minutes(panel.interval) * 60 : 0;
  const fine = Math.ceil((end.getTime() - start.getTime()) / 1000 / MOST_POINTS);
  return Math.max(fine, scrapeSeconds, shortest / timesShorter);
}

function minutes(interval: string): number {
  const value = /^(\d+)m$/.exec(interval)?.[1];
  if (value === undefined) throw new Error(`The interval ${interval} is not in minutes`);
  return Number(value);
}

/** https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/ */
const rateIntervalOf = (stepSeconds: number, { scrapeSeconds }: Run): number =>
  Math.max(stepSeconds + scrapeSeconds, 4 * scrapeSeconds);

const filledIn = (expr: string, rateIntervalSeconds: number): string =>
  expr.replaceAll('$namespace', '.*').replaceAll('$__rate_interval', `${rateIntervalSeconds}s`);

const nameOf = ({ labels }: Series, legendFormat: string): string =>
  legendFormat.replace(/{{(\w+)}}/g, (_, label: string) => labels[label] ?? '');
