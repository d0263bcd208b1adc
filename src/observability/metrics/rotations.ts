/** How the rotations of server CAs stand, and how those ended that have since this process began. */
import { Counter, type Registry } from 'prom-client';
import { ROTATION_OUTCOMES, type RotationEnd } from '../../domain/server-ca/rotation/ended-rotations.ts';
import type { Phase } from '../../domain/server-ca/rotation/rotation.ts';
import type { ObjectRef } from '../../reconcile/ports.ts';
import { GaugeOver, type Series } from './gauge-over.ts';

/** What is known of the rotation of each object that may rotate. */
export interface RotationsView {
  rotations(): Iterable<
    ObjectRef & {
      readonly phase: Phase | undefined;
      readonly dueMs: number | undefined;
      readonly waitsFor: 'approval' | 'window' | 'resume' | undefined;
    }
  >;
}

export function rotationMetrics(registry: Registry, index: RotationsView, isLeader: () => boolean): void {
  const registers = [registry];
  const rotations = () => (isLeader() ? [...index.rotations()] : []);
  new GaugeOver({
    name: 'cloudsql_server_ca_rotation_phase',
    help: 'Always 1; the label gives the phase of the rotation of each CloudSqlServerCa whose mode is not Never. Only the leader reports it.',
    labelNames: ['namespace', 'name', 'phase'],
    registers,
    series: () =>
      rotations().flatMap(({ namespace, name, phase }): Series<'namespace' | 'name' | 'phase'>[] =>
        phase === undefined ? [] : [{ labels: { namespace, name, phase }, value: 1 }],
      ),
  });
  new GaugeOver({
    name: 'cloudsql_server_ca_rotation_due_timestamp_seconds',
    help: 'When a CloudSqlServerCa with the mode WhenDue is to rotate by the expiry, in seconds since 1970. Only the leader reports it.',
    labelNames: ['namespace', 'name'],
    registers,
    series: () =>
      rotations().flatMap(({ namespace, name, dueMs }): Series<'namespace' | 'name'>[] =>
        dueMs === undefined ? [] : [{ labels: { namespace, name }, value: dueMs / 1000 }],
      ),
  });
  new GaugeOver({
    name: 'cloudsql_server_ca_waiting',
    help: 'Always 1; the label says that a CloudSqlServerCa waits for a maintenance window, or for a person to approve its plan or, where it is suspended, to resume it. Only the leader reports it.',
    labelNames: ['namespace', 'name', 'for'],
    registers,
    series: () =>
      rotations().flatMap(({ namespace, name, waitsFor }): Series<'namespace' | 'name' | 'for'>[] =>
        waitsFor === undefined ? [] : [{ labels: { namespace, name, for: waitsFor }, value: 1 }],
      ),
  });
}

/** It begins at 0 for every outcome: an increase from nothing would not be seen. */
export function endedRotationMetrics(registry: Registry): (end: RotationEnd) => void {
  const rotations = new Counter({
    name: 'cloudsql_server_ca_rotations_total',
    help: 'Rotations that are over: Rotated, RolledBack (dependents failed after the switch), Superseded (no longer wanted, or somebody else has changed the server CA), Failed.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ROTATION_OUTCOMES) rotations.inc({ outcome }, 0);
  return ({ outcome }) => rotations.inc({ outcome });
}
