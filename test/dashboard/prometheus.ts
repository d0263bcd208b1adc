/** A real Prometheus that scrapes replicas of the operator, and answers queries. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { z } from 'zod';
import { findOrBuildPrometheus } from '../cluster/binaries.ts';
import { DaemonGroup } from '../cluster/daemon-group.ts';
import { removeFolderAfterUs } from '../cluster/leftovers.ts';
import type { Log } from '../cluster/log.ts';
import { freePorts } from '../cluster/ports.ts';
import { PATIENCE_MS } from '../support/patience.ts';

export interface Target {
  /** `host:port` of its /metrics. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch, and the value there. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Span {
  readonly start: Date;
  readonly end: Date;
  readonly stepSeconds: number;
}

export interface Prometheus {
  /** @throws Error with what Prometheus said of the query */
  over(query: string, span: Span): Promise<readonly Series[]>;
  at(query: string, time: Date): Promise<readonly Series[]>;
  stop(): Promise<void>;
}

const sample = z.tuple([z.number(), z.string()]).transform(([s, value]) => [s * 1000, Number(value)] as const);
const labels = z.record(z.string(), z.string());
const answer = <Result extends z.ZodType>(result: Result) =>
  z.discriminatedUnion('status', [
    z.object({ status: z.literal('success'), data: z.object({ result: z.array(result) }) }),
    z.object({ status: z.literal('error'), error: z.string() }),
  ]);
const matrix = answer(
  z.object({ metric: labels, values: z.array(sample) }).transform((each) => series(each.metric, each.values)),
);
const vector = answer(
  z.object({ metric: labels, value: sample }).transform((each) => series(each.metric, [each.value])),
);

const series = (metric: Series['labels'], points: Series['points']): Series => ({ labels: metric, points });

const POLL_MS = 100;

export async function startPrometheus(
  targets: readonly Target[],
  scrapeSeconds: number,
  log: Log,
): Promise<Prometheus> {
  const program = await findOrBuildPrometheus({ log });
  const directory = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-prometheus-'));
  const release = removeFolderAfterUs(directory);
  const [port = 0] = await freePorts(1);
  const config = join(directory, 'prometheus.yaml');
  await writeFile(config, stringify(configuration(targets, scrapeSeconds)));
  const daemons = new DaemonGroup({ directory, onUnexpectedEnd: log });
  daemons.start('prometheus', program, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const url = `http://127.0.0.1:${port}`;
  await daemons.whileAllRun((signal) => untilReady(url, signal));
  return {
    over: (query, { start, end, stepSeconds }) => {
      const range = { start: start.toISOString(), end: end.toISOString(), step: String(stepSeconds) };
      return ask(`${url}/api/v1/query_range`, { query, ...range }, matrix);
    },
    at: (query, time) => ask(`${url}/api/v1/query`, { query, time: time.toISOString() }, vector),
    async stop() {
      await daemons.killAll();
      await rm(directory, { recursive: true, force: true });
      release();
    },
  };
}

/** As docs/metrics.md says: `namespace` and `instance` of a reset are not those of the process. */
const configuration = (targets: readonly Target[], scrapeSeconds: number): object => ({
  global: { scrape_interval: `${scrapeSeconds}s`, scrape_timeout: `${scrapeSeconds}s` },
  scrape_configs: [
    {
      job_name: 'cloudsql-ssl-operator',
      honor_labels: true,
      static_configs: targets.map((target) => ({ targets: [target.address], labels: target.labels })),
    },
  ],
});

async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  for (;;) {
    const isReady = await fetch(`${url}/-/ready`, { signal: deadline }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await pause(POLL_MS, undefined, { signal: deadline });
  }
}

async function ask(
  url: string,
  parameters: { readonly query: string } & Readonly<Record<string, string>>,
  schema: typeof matrix | typeof vector,
): Promise<readonly Series[]> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(parameters) });
  const said = schema.parse(await response.json());
  if (said.status === 'error') throw new Error(`Prometheus refuses ${parameters.query}: ${said.error}`);
  return said.data.result;
}
