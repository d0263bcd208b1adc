/** Draws the dashboard of the chart from a run that a Prometheus has watched: docs/images/dashboard.svg. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEmulator } from '../cloudsql-emulator/emulator.ts';
import { startControlPlane } from '../cluster/control-plane.ts';
import { logToStderr } from '../cluster/log.ts';
import { installCrd } from '../support/kubernetes/crd.ts';
import { answersTo, type Run } from './answers.ts';
import { allowed, instances, PROJECT, prepare, runCourse } from './course.ts';
import { readDashboard } from './dashboard.ts';
import { drawDashboard } from './picture.ts';
import { startPrometheus } from './prometheus.ts';
import { twoReplicas } from './replicas.ts';

const PICTURE = fileURLToPath(new URL('../../docs/images/dashboard.svg', import.meta.url));

/** Long enough for each state of an operation to be seen in a sample. */
const PLAN = { pendingMs: 1_500, runningMs: 4_000, effect: 'AtDone' } as const;

/** A second for the usual half a minute. */
const SCRAPE = { scrapeSeconds: 1, timesShorter: 30 };
/** Before the first act: a rate needs two samples. */
const PRELUDE_MS = 5_000;

const endings: (() => Promise<unknown>)[] = [];
try {
  await draw();
} finally {
  for (const end of endings.toReversed()) await end();
}

async function draw(): Promise<void> {
  const dashboard = await readDashboard();
  const cluster = await startControlPlane();
  endings.push(() => cluster.stop());
  await installCrd(cluster);
  const emulator = await startEmulator({ project: PROJECT, instances, plan: PLAN });
  endings.push(() => emulator.stop());
  const flags = [
    `--kubeconfig=${cluster.kubeconfigPath}`,
    `--cloudsql-endpoint=${emulator.apiUrl}`,
    `--allowed-instances=${allowed}`,
  ];
  const replicas = await twoReplicas(flags, { ...process.env, GCE_METADATA_HOST: emulator.metadataHost });
  const session = { kubectl: cluster.kubectl, emulator, replicas, report: logToStderr };
  await prepare(session);
  const targets = replicas.map(({ target }) => target);
  const prometheus = await startPrometheus(targets, SCRAPE.scrapeSeconds, logToStderr);
  endings.push(() => prometheus.stop());
  const start = new Date();
  for (const replica of replicas) {
    endings.push(() => replica.stop());
    await replica.start();
  }
  await pause(PRELUDE_MS);
  await runCourse(session);
  const run: Run = { start, end: new Date(), ...SCRAPE };
  const answers = await answersTo(dashboard, prometheus, run);
  await mkdir(dirname(PICTURE), { recursive: true });
  await writeFile(PICTURE, drawDashboard(dashboard, answers, run));
  logToStderr(`Every query has an answer; the picture is ${PICTURE}`);
}
