/** One scenario, run to its end: what it broke, and what it came through. */
import { setImmediate } from 'node:timers/promises';
import type { Status } from '../../src/domain/reset/ssl-reset.ts';
import { Invariants } from './invariants.ts';
import type { Scenario } from './scenario.ts';
import { LAST_RESTART_MS, Simulation } from './simulation.ts';

export interface Result {
  /** The first invariant that was broken. */
  readonly broken: string | undefined;
  /** Classes of what happened. */
  readonly seen: ReadonlySet<string>;
  readonly steps: number;
}

/** After so long nothing goes wrong any more. */
const FAULTS_END_MS = 2_000_000;
const MAX_STEPS = { Resets: 6_000, Rotations: 20_000 };
/** Some looks at the instance come within it. */
const LOOKS_MS = 700_000;
/** All that a rotation may wait for is over by then. */
const LONGEST_MS = 8 * 3_600_000;

/** @param onStatus called with each status that is written */
export async function run(scenario: Scenario, onStatus?: (status: Status) => void): Promise<Result> {
  const invariants = new Invariants({
    instance: scenario.instance,
    isAlone: scenario.rivalAtMs === undefined && scenario.listLagMs === 0 && scenario.watchLagMs === 0,
  });
  if (onStatus !== undefined) invariants.onStatus = onStatus;
  const simulation = new Simulation(scenario, invariants);
  let steps = 0;
  try {
    simulation.open();
    await runUntil(FAULTS_END_MS);
    simulation.endFaults();
    await runToRest();
    simulation.end.judge();
    await judgeQuiet();
    simulation.end.judgeWrites();
  } catch (error) {
    invariants.breaks(`it threw ${error instanceof Error ? error.stack : String(error)}`);
  }
  return { broken: invariants.broken, seen: invariants.seen, steps };

  async function runUntil(endMs: number): Promise<void> {
    while (invariants.broken === undefined && simulation.nextMs < simulation.beginMs + endMs) {
      steps += 1;
      if (steps > MAX_STEPS[scenario.rotation === undefined ? 'Resets' : 'Rotations'])
        return invariants.breaks('L1: it never comes to rest');
      simulation.step();
      await setImmediate();
    }
  }

  /** Who follows the instance looks at it without an end: that changes nothing any more. */
  async function runToRest(): Promise<void> {
    if (scenario.rotation === undefined) return runUntil(Number.POSITIVE_INFINITY);
    let traces = -1;
    const restartMs = scenario.instance === 'FirstGeneration' ? LAST_RESTART_MS : 0;
    for (
      let endMs = FAULTS_END_MS + restartMs + LOOKS_MS;
      simulation.traces !== traces || !simulation.isAtRest;
      endMs += LOOKS_MS
    ) {
      traces = simulation.traces;
      await runUntil(endMs);
      if (invariants.broken !== undefined || endMs > LONGEST_MS) return;
    }
  }

  async function judgeQuiet(): Promise<void> {
    // Nobody ends by himself what would take a switch back, or begins once more what stalled by the expiry.
    if (simulation.isTriedAgain) return;
    const before = simulation.traces;
    simulation.restart();
    await runUntil(scenario.rotation === undefined ? Number.POSITIVE_INFINITY : simulation.elapsedMs + LOOKS_MS);
    if (simulation.traces !== before) invariants.breaks('L1: a new process writes or calls although all is at rest');
  }
}
