import { z } from 'zod';

/** Every answer has one. Revisions are strings, since they may not fit into a number. */
const Answer = z.object({ header: z.object({ revision: z.string() }) });

/** Drops all of etcd's history before this moment, through the JSON gateway of its API. */
export async function compactHistory(etcdUrl: string): Promise<void> {
  const { header } = await call(etcdUrl, '/v3/maintenance/status', {});
  await call(etcdUrl, '/v3/kv/compaction', { revision: header.revision, physical: true });
}

async function call(etcdUrl: string, path: string, body: object): Promise<z.infer<typeof Answer>> {
  const response = await fetch(etcdUrl + path, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`etcd answered ${path} with ${response.status}: ${await response.text()}`);
  return Answer.parse(await response.json());
}
