import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { isDirect, judgeProxies } from '../../../src/config/proxies.ts';
import { parseConfig } from '../../../src/config.ts';

const SQLADMIN = 'https://sqladmin.googleapis.com';
const PROXY = { HTTPS_PROXY: 'http://proxy.corp:3128' };
const exempt = (env: Readonly<Record<string, string>>, endpoint = SQLADMIN): readonly string[] =>
  (judgeProxies(env, [endpoint]).variables.NO_PROXY ?? '').split(',');

describe('NO_PROXY, as Go reads it,', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['*', SQLADMIN, true],
    ['sqladmin.googleapis.com', SQLADMIN, true],
    ['SQLADMIN.googleapis.com', SQLADMIN, true],
    ['googleapis.com', SQLADMIN, true],
    ['.googleapis.com', SQLADMIN, true],
    ['*.googleapis.com', SQLADMIN, true],
    ['.googleapis.com', 'https://googleapis.com', false],
    ['eapis.com', SQLADMIN, false],
    ['sqladmin.googleapis.com:443', SQLADMIN, true],
    ['.googleapis.com:443', SQLADMIN, true],
    ['sqladmin.googleapis.com:8443', SQLADMIN, false],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/8', SQLADMIN, false],
    ['10.0.0.0/99', 'https://10.1.2.3', false],
    ['fd00::/8', 'https://[fd00::1]', true],
    ['10.1.2.3', 'https://10.1.2.3:8443', true],
    ['10.1.2.3:8443', 'https://10.1.2.3:8443', true],
    ['10.1.2.3:8443', 'https://10.1.2.3', false],
    ['::1', 'http://[::1]:8080', true],
    ['[::1]', 'http://[::1]:8080', true],
    ['[::1]:8080', 'http://[::1]:8080', true],
    ['[::1]:8080', 'http://[::1]', false],
    ['2.3', 'https://10.1.2.3', false],
    ['googleapis.com.', SQLADMIN, true],
    ['.', SQLADMIN, false],
  ];
  for (const [rule, url, expected] of rows) {
    it(`NO_PROXY, as Go reads it, lets ${rule} ${expected ? 'exempt' : 'not exempt'} ${url}`, () =>
      assert.equal(isDirect(new URL(url), [rule]), expected));
  }
});

test('without a proxy the environment stays as it is', () => {
  assert.deepEqual(judgeProxies({ NO_PROXY: 'x', HTTPS_PROXY: '', https_proxy: ' ' }, [SQLADMIN]), {
    variables: {},
    problems: [],
  });
});

test('a metadata server is never asked through a proxy, whatever its name', () => {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    const hosts = exempt({ [name]: 'http://proxy.corp:3128', GCE_METADATA_HOST: 'metadata.corp:8080' });
    for (const host of ['169.254.169.254', 'metadata.google.internal', 'metadata.google.internal.', 'metadata.corp']) {
      assert.ok(hosts.includes(host), `${host} with ${name}`);
    }
  }
});

test('both spellings of NO_PROXY hold what either of them held and the hosts that are not to be proxied', () => {
  const { variables } = judgeProxies({ ...PROXY, no_proxy: 'a.corp b.corp, 10.0.0.0/8' }, [SQLADMIN]);
  assert.equal(variables.NO_PROXY, variables.no_proxy);
  assert.deepEqual(variables.NO_PROXY?.split(',').slice(0, 3), ['a.corp', 'b.corp', '10.0.0.0/8']);
});

test('an endpoint that a CIDR block or a bare domain exempts is named literally, and so are the issuers of tokens', () => {
  assert.ok(exempt({ ...PROXY, NO_PROXY: '10.0.0.0/8' }, 'https://10.1.2.3').includes('10.1.2.3'));
  const hosts = exempt({ ...PROXY, NO_PROXY: 'googleapis.com' });
  for (const host of ['sqladmin', 'oauth2', 'sts', 'iamcredentials']) {
    assert.ok(hosts.includes(`${host}.googleapis.com`), host);
  }
});

test('Google is asked through the proxy where NO_PROXY does not name it', () => {
  assert.ok(!exempt(PROXY).some((host) => host.endsWith('googleapis.com')));
});

test('a proxy without a scheme is asked by http, as Go does', () => {
  const { variables, problems } = judgeProxies({ https_proxy: 'proxy.corp:3128' }, [SQLADMIN]);
  assert.deepEqual(
    [variables.HTTPS_PROXY, variables.https_proxy],
    ['http://proxy.corp:3128', 'http://proxy.corp:3128'],
  );
  assert.deepEqual(problems, []);
});

test('a proxy that is no URL is refused by the name of its variable, without its password', () => {
  for (const proxy of ['socks5://user:secret@proxy.corp', 'http://', '://secret']) {
    assert.deepEqual(judgeProxies({ HTTPS_PROXY: proxy }, [SQLADMIN]).problems, [
      'HTTPS_PROXY: expected a proxy as an http(s):// URL',
    ]);
  }
});

/** What Google has written for workload identity federation, with hosts of one's own. */
const CREDENTIALS = {
  type: 'external_account',
  audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider',
  token_url: 'https://sts.europe-west3.rep.example.com/v1/token',
  credential_source: { url: 'http://10.0.0.5:8080/token', format: { type: 'text' } },
  service_account_impersonation_url: 'https://iam.corp:8443/v1/projects/-/serviceAccounts/a@b:generateAccessToken',
};

for (const [rule, exempted] of [
  ['10.0.0.0/8', ['10.0.0.5']],
  ['rep.example.com', ['sts.europe-west3.rep.example.com']],
  ['*.example.com', ['sts.europe-west3.rep.example.com']],
  ['iam.corp:8443', ['iam.corp']],
  ['iam.corp:443', []],
  ['*', ['sts.europe-west3.rep.example.com', '10.0.0.5', 'iam.corp']],
] as const) {
  test(`NO_PROXY=${rule} names the hosts of a credentials file as it names any other`, (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'credentials-'));
    context.after(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 'credentials.json');
    writeFileSync(path, JSON.stringify(CREDENTIALS));
    const result = parseConfig([], { ...PROXY, NO_PROXY: rule, GOOGLE_APPLICATION_CREDENTIALS: path });
    assert.ok(result.kind === 'Config');
    const named = (result.variables.NO_PROXY ?? '').split(',');
    const hosts = ['sts.europe-west3.rep.example.com', '10.0.0.5', 'iam.corp'];
    assert.deepEqual(
      hosts.filter((host) => named.includes(host)),
      exempted,
    );
  });
}

test('a credentials file that cannot be read or is no JSON stops no start and names no host', () => {
  for (const path of ['/nowhere/credentials.json', '/dev/null']) {
    const result = parseConfig([], { ...PROXY, GOOGLE_APPLICATION_CREDENTIALS: path });
    assert.equal(result.kind, 'Config');
  }
});
