import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, startMetricsServer } from '../../../src/observability/metrics.ts';

test('metrics tell the version, and as of now whether it leads', async (t) => {
  const leadership = { isLeader: () => isLeader };
  let isLeader = false;
  const registry = createMetrics({ version: '1.2.3', leaseName: 'operator', leadership });
  const server = await startMetricsServer(registry, { host: '127.0.0.1', port: 0 });
  t.after(() => server.stop());
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };

  const standby = await get('/metrics');
  assert.equal(standby.status, 200);
  assert.match(standby.type ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(standby.text, /^cloudsql_ssl_reset_build_info\{version="1\.2\.3"\} 1$/m);
  assert.match(standby.text, /^leader_election_master_status\{name="operator"\} 0$/m);

  isLeader = true;
  assert.match((await get('/metrics?x')).text, /^leader_election_master_status\{name="operator"\} 1$/m);
  assert.equal((await get('/')).status, 404);
});
