/** Drops all of etcd's history before this moment, through the JSON gateway of its API. */
export async function compactHistory(etcdUrl: string): Promise<void> {
  const { header } = await call(etcdUrl, '/v3/maintenance/status', {});
  await call(etcdUrl, '/v3/kv/compaction', { revision: header.revision, physical: true });
}

/** Every answer has one. Revisions are strings, since they may not fit into a number. */
interface Answer {
  readonly header: { readonly revision: string };
}

async function call(etcdUrl: string, path: string, body: object): Promise<Answer> {
  const response = await fetch(etcdUrl + path, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`etcd answered ${path} with ${response.status}: ${await response.text()}`);
  return toAnswer(await response.json());
}

function toAnswer(json: unknown): Answer {
  if (typeof json === 'object' && json !== null && 'header' in json) {
    const { header } = json;
    if (typeof header === 'object' && header !== null && 'revision' in header && typeof header.revision === 'string') {
      return { header: { revision: header.revision } };
    }
  }
  throw new Error(`etcd answered without a revision: ${JSON.stringify(json)}`);
}
