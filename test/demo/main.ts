/** One reset before your eyes, what did not happen, and then a rotation beside it. */
import { once } from 'node:events';
import { Command } from 'commander';
import { interruption } from '../cluster/interruption.ts';
import { logToStderr } from '../cluster/log.ts';
import { type TargetOptions, useCluster } from '../cluster/target.ts';
import { runProgram, UsageError } from '../cluster/usage-error.ts';
import { allHold, didNotHappen, didNotHappenAgain, happened } from './checks.ts';
import { absencesOf, coursesSince, picture } from './clients.ts';
import { NAMESPACE } from './example-objects.ts';
import { lookAround } from './look-around.ts';
import { prepare } from './prepare.ts';
import { reportOf } from './report.ts';
import { rotateOnce } from './rotate.ts';
import { rotated } from './rotation-checks.ts';
import { resetOnce, restart } from './run.ts';
import { openSession, type Session } from './session.ts';
import { colours, startTimeline } from './timeline.ts';

interface Flags extends TargetOptions {
  readonly image?: string;
  readonly keep: boolean;
}

const program = new Command('npm run demo --')
  .description('Resets an emulated Cloud SQL instance through a real Kubernetes API server, and shows what happens.')
  .option('--kubeconfig <file>', 'use the cluster of this kubeconfig instead of one that is started for the demo')
  .option('--context <name>', 'the context to use; required with --kubeconfig')
  .option('--build', 'compile the control plane instead of downloading it', false)
  .option('--image <image>', 'for the Deployments: one that the nodes of the cluster can pull, and that keeps running')
  .option('--keep', 'leave everything running until Ctrl-C, and print how to look around', false)
  .parse();

const AWAY = 'How long each client was away';

/** What a shell makes of a SIGINT. */
const INTERRUPTED = 130;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

await runProgram(() => demo(program.opts<Flags>()));

async function demo(flags: Flags): Promise<number> {
  const report = startTimeline(print, colours);
  if (flags.kubeconfig === undefined) report({ subject: 'Cluster', text: 'is started', tone: 'Faint' });
  const cluster = await useCluster(flags, logToStderr);
  const interrupted = interruption();
  const session = await openSession({ cluster, isClusterGiven: flags.kubeconfig !== undefined, report, interrupted });
  try {
    const isAsClaimed = await runOnce(session, flags);
    if (flags.keep) await keep(session, interrupted);
    return isAsClaimed ? 0 : 1;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return interrupted.aborted ? INTERRUPTED : explain(error, session);
  } finally {
    await session.close();
  }
}

async function runOnce(session: Session, { image }: Flags): Promise<boolean> {
  await prepare(session, image);
  const outcome = await resetOnce(session);
  print(`\n$ kubectl -n ${NAMESPACE} get sslreset`);
  print(await session.kubectl(['-n', NAMESPACE, 'get', 'sslreset']));
  const again = await restart(session, outcome.reset);
  const rotation = await rotateOnce(session);
  const [done, notDone, notDoneAgain] = [happened(outcome), didNotHappen(outcome), didNotHappenAgain(again)];
  if (outcome.clients) print(picture(`${AWAY} at the reset`, absencesOf(outcome.clients.after), colours));
  if (rotation.clients) {
    print(picture(`${AWAY} at the rotation`, coursesSince(rotation.since, rotation.clients), colours));
  }
  print(reportOf('What happened', done, colours));
  print(reportOf('What did not happen', notDone, colours));
  print(reportOf('What did not happen after a restart of the operator', notDoneAgain, colours));
  print(reportOf('What happened at the rotation', rotated(rotation), colours));
  return allHold([...done, ...notDone, ...notDoneAgain, ...rotated(rotation)]);
}

async function keep({ cluster, emulator, logFile }: Session, interrupted: AbortSignal): Promise<void> {
  print(lookAround({ kubeconfigPath: cluster.kubeconfigPath, logFile, emulator }));
  if (!interrupted.aborted) await once(interrupted, 'abort');
}

function explain(error: unknown, { operatorLog }: Session): number {
  print(`\n${colours('Bad', `✗ ${error instanceof Error ? error.message : String(error)}`)}`);
  if (operatorLog.length > 0) print(`\nThe last lines of the operator's log:\n${operatorLog.join('\n')}`);
  return 1;
}
