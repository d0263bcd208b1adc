/** What Cloud SQL lists is published as it is listed. */
import type { Verdict } from '../../domain/conditions.ts';
import type { ServerCas } from '../../domain/instance.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import type { ServerCaStatus } from '../../domain/trust/distribution.ts';
import { describeObject } from '../../domain/trust/published-kinds.ts';
import { serverCaStatus } from '../../domain/trust/tls-material.ts';
import type { Context } from '../pass.ts';
import type { PublishedObject } from '../ports.ts';
import { applyObject, orCannotWrite } from '../publishing/apply.ts';
import { readServerCas } from '../publishing/server-cas.ts';
import { serverCaContents, serverCaTarget } from '../publishing/targets.ts';
import { heldBackOf } from './held-back.ts';
import { publishedOf } from './published-cas.ts';

interface Listed {
  /** RFC 3339. */
  readonly readTime: string;
  /** What the object held before the CAs were read; undefined: there is none, or none is asked for. */
  readonly before: PublishedObject | undefined;
  readonly cas: ServerCas;
}

export async function readListed(reset: SslReset, context: Context): Promise<Listed> {
  const readTime = context.index.timeOfRead(reset, context.clock.now());
  // Read before the CAs: if newer ones are published after that, this apply conflicts.
  const target = serverCaTarget(reset);
  const before = target && (await context.objects.get(target));
  return { readTime, before, cas: await readServerCas(context.cloudSql, reset.spec) };
}

/** Answers what the status says of it, or what stands in the way. */
export async function publishListed(
  reset: SslReset,
  { readTime, before, cas }: Listed,
  context: Context,
): Promise<ServerCaStatus | Verdict> {
  const { request, serverCa: last } = reset.status;
  const published = publishedOf(reset, cas, context);
  const contents = await serverCaContents(reset, published, { before, encodings: context.memory.encodings });
  const obstacle = contents && (await orCannotWrite(() => applyObject(context, contents, { before, dryRun: false })));
  if (obstacle !== undefined) return obstacle;
  return serverCaStatus(cas, {
    previousSha1Fingerprint: request?.before?.serverCaSha1Fingerprint ?? last?.previousSha1Fingerprint,
    readTime,
    publishedTo: contents && describeObject(contents),
    published,
    heldBack: await heldBackOf(reset, published, context),
  });
}
