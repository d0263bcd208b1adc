/** What people and GitOps tools do to an object that is there, and how to see that the operator left it alone. */
import { findCondition } from '../../../src/domain/conditions.ts';
import type { OperatorFixture } from '../../support/operator/fixture.ts';

export type Action = (fixture: OperatorFixture, manifest: object) => Promise<unknown>;

/** A tool that is not the one who made the object. */
const OTHER = '--field-manager=argocd-controller';

const withManifest =
  (...args: readonly string[]): Action =>
  ({ kubectl }, manifest) =>
    kubectl([...args, '-f', '-'], JSON.stringify(manifest));

export const apply = withManifest('apply');
export const applyServerSide = withManifest('apply', '--server-side', OTHER);
export const applyForced = withManifest('apply', '--server-side', OTHER, '--force-conflicts');
export const replace = withManifest('replace');
export const replaceForced = withManifest('replace', '--force');
export const wipeStatus = withManifest('replace', '--subresource=status');

export const recreate: Action = async ({ kubectl }, manifest) => {
  await kubectl(['delete', '-f', '-'], JSON.stringify(manifest));
  await kubectl(['create', '-f', '-'], JSON.stringify(manifest));
};

/**
 * Comes back when the operator has looked at the object after all that was done before. A value of `retry` is written
 * down by a pass that finds nothing else to do.
 */
export async function settled({ kubectl, until }: OperatorFixture, name: string): Promise<void> {
  const value = `${Math.random()}`;
  await kubectl(['annotate', 'sslreset', name, '--overwrite', `cloudsql-ssl.dev/retry=${value}`]);
  await until(
    name,
    ({ status }) => status.request?.retry === value && findCondition(status.conditions, 'Ready')?.status === 'True',
  );
}
