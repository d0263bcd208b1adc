/** Another server CA for the instance of a CloudSqlServerCa, or the one of before: both are asked for in its spec. */
import { KIND } from '../../domain/server-ca/server-ca-object.ts';
import { shell } from '../../lib/shell.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { UsageError } from '../errors.ts';
import { titleOf } from '../kinds.ts';
import { FIELD_MANAGER_FLAG, type Kubectl } from '../kubectl.ts';
import { phaseOf, previousCas } from '../rotation.ts';
import { read, selectionOf, targetOf } from '../selection.ts';
import type { ShownObject } from '../shown-object.ts';

/** @throws UsageError where the operator would rotate nothing for it */
export async function rotate(
  { kubectl, now }: Context,
  name: string,
  { requestId = now().toISOString().slice(0, 10) }: { readonly requestId?: string | undefined },
): Promise<ExitCode> {
  const object = await rotatable(kubectl, name);
  const { executedRequestIds = [], observedGeneration } = object.status ?? {};
  if ((observedGeneration ?? -1) < 0) {
    const because =
      'the operator has not seen it yet, and rotates nothing for a requestId that it finds there at first';
    throw new UsageError(`${titleOf(object)}: ${because}. Wait until it is Ready`);
  }
  refuseOnWayBack(object);
  const phase = phaseOf(object);
  // A newer request ends one that has stalled, and begins anew.
  if (phase !== 'Idle' && stallOf(object) === undefined) {
    throw new UsageError(`${titleOf(object)} rotates already (${phase}): another requestId would be served by that`);
  }
  if (executedRequestIds.includes(requestId) || object.spec.rotation?.requestId === requestId) {
    throw new UsageError(`${titleOf(object)} had the requestId ${requestId} already: name another with --request-id`);
  }
  return patch(kubectl, object, { requestId, activeSha1Fingerprint: null });
}

/**
 * Pins the server CA that the instance served by before.
 * @throws UsageError where there is none
 */
export async function rollback(
  { kubectl, stdout, now }: Context,
  name: string,
  { to }: { readonly to?: string | undefined },
): Promise<ExitCode> {
  const object = await rotatable(kubectl, name);
  if (object.status?.certificates !== undefined) {
    const because =
      'its instance has a CA service, whose CA is not to be chosen, and a server certificate cannot be pinned';
    throw new UsageError(`${titleOf(object)} cannot be rolled back: ${because}`);
  }
  const fingerprint = target(object, to?.toLowerCase(), now());
  if (object.spec.rotation?.activeSha1Fingerprint?.toLowerCase() === fingerprint) {
    throw new UsageError(`${titleOf(object)} is asked already to serve by the server CA ${fingerprint}`);
  }
  await patch(kubectl, object, { requestId: null, activeSha1Fingerprint: fingerprint });
  const until = shell`kubectl sslreset rotate`;
  stdout.write(`${titleOf(object)} is pinned to the server CA ${fingerprint}, also at its expiry, until ${until}\n`);
  return EXIT.done;
}

/** Before the switch there is nothing to roll back, and while one is made it cannot be known. */
const SWITCHED: ReadonlySet<string> = new Set(['Idle', 'Verifying']);

function target(object: ShownObject, to: string | undefined, now: Date): string {
  refuseOnWayBack(object);
  const phase = phaseOf(object);
  const stall = stallOf(object);
  if (!SWITCHED.has(phase) && stall !== undefined) {
    const where = `${phase}: ${stall.reason}`;
    throw new UsageError(`${titleOf(object)} has stalled before its switch (${where}): there is nothing to roll back`);
  }
  if (!SWITCHED.has(phase)) {
    const hold = shell`kubectl sslreset suspend`;
    throw new UsageError(
      `${titleOf(object)} rotates (${phase}): roll back once it has switched. ${hold} holds it back`,
    );
  }
  const { all, last } = previousCas(object, now);
  if (to === undefined && last !== undefined) return last;
  if (to !== undefined && all.includes(to)) return to;
  const which = all.length === 0 ? 'none' : all.join(', ');
  const words = `of the server CAs that it served by before, those that are listed and valid: ${which}`;
  throw new UsageError(
    to !== undefined
      ? `${titleOf(object)} cannot be rolled back to ${to}; ${words}`
      : `${titleOf(object)} ${all.length === 0 ? 'has nothing to roll back to' : 'needs --to'}; ${words}`,
  );
}

/** Nothing holds a switch back, and no request is served by one. */
function refuseOnWayBack(object: ShownObject): void {
  const phase = phaseOf(object);
  if (phase !== 'SwitchingBack') return;
  const stall = stallOf(object);
  if (stall === undefined) throw new UsageError(`${titleOf(object)} goes back by itself (${phase})`);
  const goOn = shell`kubectl sslreset retry`;
  throw new UsageError(
    `${titleOf(object)} has stalled on its way back (${phase}: ${stall.reason}). It goes on with ${goOn}`,
  );
}

const stallOf = ({ status }: ShownObject) => status?.rotation?.stalled;

/** A bare name is that of a CloudSqlServerCa: nothing else rotates. */
async function rotatable(kubectl: Kubectl, name: string): Promise<ShownObject> {
  const [object] = await read(kubectl, selectionOf([name.includes('/') ? name : `sqlca/${name}`]));
  if (object?.kind !== KIND) {
    throw new UsageError(`${name} is no ${KIND}, and nothing else rotates; a reset is asked for by another requestId`);
  }
  if ((object.spec.rotation?.mode ?? 'Never') === 'Never') {
    const { namespace, name: own } = object.metadata;
    const mode = '{"spec":{"rotation":{"mode":"OnRequest"}}}';
    const allow = shell`kubectl -n ${namespace} patch sqlca ${own} --type=merge --patch ${mode}`;
    throw new UsageError(`${titleOf(object)} has the mode Never, and rotates nothing. Change that with: ${allow}`);
  }
  return object;
}

async function patch(kubectl: Kubectl, object: ShownObject, rotation: object): Promise<ExitCode> {
  const body = JSON.stringify({ spec: { rotation } });
  await kubectl.show(['patch', targetOf(object), '--type=merge', `--patch=${body}`, FIELD_MANAGER_FLAG]);
  return EXIT.done;
}
