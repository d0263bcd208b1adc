import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { adminApi, preparedReset, REF, startCloudSql } from './fixture.ts';

let emulator: Emulator;
let folder: string;
before(async () => {
  emulator = await startCloudSql();
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
});
after(async () => {
  await emulator.stop();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  process.env.GCE_METADATA_HOST = emulator.metadataHost;
});

async function useFile(contents: string): Promise<void> {
  const file = join(folder, 'credentials.json');
  await writeFile(file, contents);
  process.env.GOOGLE_APPLICATION_CREDENTIALS = file;
}

const users = () => emulator.journal.entries({ api: 'instances.get' }).map(({ user, status }) => [user, status]);

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

describe('a token', () => {
  it('a token comes from the metadata server, and the emulator knows whose it is', async () => {
    await adminApi(emulator.apiUrl).instance(REF);
    assert.deepEqual(users().at(-1), [emulator.email, 200]);
  });

  it('a token is kept for many calls', async () => {
    const api = adminApi(emulator.apiUrl);
    await api.instance(REF);
    const metadataHost = process.env.GCE_METADATA_HOST;
    process.env.GCE_METADATA_HOST = '127.0.0.1:1';
    await api.instance(REF);
    process.env.GCE_METADATA_HOST = metadataHost;
  });

  it('a token is replaced after the API has refused it', async () => {
    const api = adminApi(emulator.apiUrl);
    await api.instance(REF);
    emulator.revokeTokens(emulator.email);
    await assert.rejects(api.instance(REF), { kind: 'Forbidden' });
    assert.equal((await api.instance(REF)).state, 'RUNNABLE');
  });

  it('a token is replaced before it expires', async () => {
    const short = await startCloudSql({ tokenLifetimeSeconds: 1 });
    const api = adminApi(short.apiUrl);
    await api.instance(REF);
    short.revokeTokens(short.email);
    assert.equal((await api.instance(REF)).state, 'RUNNABLE');
    await short.stop();
  });

  it('a token cannot be had when the metadata server is not there, and can when it is back', async () => {
    process.env.GCE_METADATA_HOST = '127.0.0.1:1';
    const api = adminApi(emulator.apiUrl);
    await assert.rejects(preparedReset(api), { name: 'CloudSqlError', kind: 'Unavailable' });
    process.env.GCE_METADATA_HOST = emulator.metadataHost;
    await preparedReset(api);
  });

  it('a token cannot be had from an issuer that hangs, and the deadline is kept', async () => {
    const hanging = createServer(() => undefined);
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const address = hanging.address();
    assert.ok(typeof address === 'object' && address !== null);
    process.env.GCE_METADATA_HOST = `127.0.0.1:${address.port}`;
    await assert.rejects(preparedReset(adminApi(emulator.apiUrl, { requestTimeoutMs: 300 })), {
      kind: 'Unavailable',
      message: 'No token within 0.3 s',
    });
    hanging.closeAllConnections();
    hanging.close();
  });

  it('a token is forbidden with a file that does not exist', async () => {
    process.env.GOOGLE_APPLICATION_CREDENTIALS = join(folder, 'missing.json');
    await assert.rejects(preparedReset(adminApi(emulator.apiUrl)), { kind: 'Forbidden' });
  });

  const keys: readonly (readonly [string, (pem: string) => string])[] = [
    ['whose line ends are escaped twice', (pem) => pem.replaceAll('\n', '\\n')],
    ['whose line ends became blanks', (pem) => pem.replaceAll('\n', ' ')],
    ['that was cut', (pem) => pem.slice(0, 400)],
    ['that is none', () => 'key'],
  ];
  for (const [name, spoilt] of keys) {
    it(`a token is forbidden with a private key ${name}, and the message says what is wrong and nothing of the key`, async () => {
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      await useFile(
        JSON.stringify({ type: 'service_account', client_email: 'key@p.example', private_key: spoilt(pem) }),
      );
      await assert.rejects(preparedReset(adminApi(emulator.apiUrl)), (error: Error) => {
        assert.match(error.message, /the private key of the credentials file cannot be read/);
        assert.ok(!error.message.includes(pem.slice(30, 60)));
        return 'kind' in error && error.kind === 'Forbidden';
      });
    });
  }

  it('a token is forbidden with a file that is no JSON, of which nothing is said', async () => {
    await useFile('{"private_key": secret');
    await assert.rejects(preparedReset(adminApi(emulator.apiUrl)), (error: Error) => {
      assert.doesNotMatch(error.message, /secret|private_key/);
      return 'kind' in error && error.kind === 'Forbidden';
    });
  });
});

describe('the identity', () => {
  it('the identity is what the metadata server says', async () => {
    assert.equal(await adminApi(emulator.apiUrl).identity(), emulator.email);
  });

  it('the identity is asked for again after a failure, and then never again', async () => {
    const api = adminApi(emulator.apiUrl);
    process.env.GCE_METADATA_HOST = '127.0.0.1:1';
    await assert.rejects(api.identity(), { kind: 'Unavailable' });
    process.env.GCE_METADATA_HOST = emulator.metadataHost;
    assert.equal(await api.identity(), emulator.email);
    process.env.GCE_METADATA_HOST = '127.0.0.1:1';
    assert.equal(await api.identity(), emulator.email);
  });

  it("the identity is in a service account's key", async () => {
    await useFile(
      JSON.stringify({
        type: 'service_account',
        client_email: 'key@p.iam.gserviceaccount.com',
        private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      }),
    );
    assert.equal(await adminApi(emulator.apiUrl).identity(), 'key@p.iam.gserviceaccount.com');
  });

  const federated = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: 'https://sts.googleapis.com/v1/token',
    credential_source: { file: '/nowhere' },
  };

  it('the identity is the account that a federated workload impersonates', async () => {
    const account = 'federated@p.iam.gserviceaccount.com';
    const url = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`;
    await useFile(JSON.stringify({ ...federated, service_account_impersonation_url: url }));
    assert.equal(await adminApi(emulator.apiUrl).identity(), account);
  });

  it('the identity is not known of a federated workload that impersonates nobody', async () => {
    await useFile(JSON.stringify(federated));
    assert.equal(await adminApi(emulator.apiUrl).identity(), undefined);
  });
});
