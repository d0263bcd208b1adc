/** Who reads truststores and keystores without connecting. */
import { output } from './program.ts';
import { PASSWORD } from './published.ts';
import type { Judge, Row, Setup } from './row.ts';

const BOTH_TRUSTED = /contains 2 entries[\s\S]*server-ca-1.*trustedCertEntry[\s\S]*server-ca-2.*trustedCertEntry/;

export const keytool: Judge = {
  rows: 'keytool',
  programs: ['keytool'],
  judge: async ({ file }: Setup) => {
    const client = `keytool ${await versionOfJava()}`;
    const list =
      (store: string, password: string, type = 'PKCS12') =>
      () =>
        output('keytool', ['-list', '-keystore', file(store), '-storetype', type, '-storepass', password]);
    return [
      { given: 'PKCS12 truststore', says: list('truststore.p12', 'changeit'), expected: BOTH_TRUSTED },
      {
        given: 'PKCS12 truststore, wrong password',
        says: list('truststore.p12', 'wrong1'),
        expected: /password was incorrect/,
      },
      {
        given: 'PKCS12 truststore without password',
        says: list('truststore-without-password.p12', ''),
        expected: BOTH_TRUSTED,
      },
      { given: 'JKS truststore', says: list('truststore.jks', 'changeit', 'JKS'), expected: BOTH_TRUSTED },
      {
        given: 'JKS truststore, wrong password',
        says: list('truststore.jks', 'wrong1', 'JKS'),
        expected: /password was incorrect/,
      },
      {
        given: 'PKCS12 keystore',
        says: list('keystore.p12', PASSWORD),
        expected: /contains 1 entry[\s\S]*user, .*PrivateKeyEntry/,
      },
      {
        given: 'PKCS12 keystore, wrong password',
        says: list('keystore.p12', 'wrong1'),
        expected: /password was incorrect/,
      },
      {
        given: 'DER',
        says: () => output('keytool', ['-printcert', '-file', file('server-ca.der')]),
        expected: /Owner: .*Google Cloud SQL Server CA/,
      },
    ].map((row): Row => ({ client, ...row }));
  },
};

const versionOfJava = async (): Promise<string> =>
  /"(.*?)"/.exec(await output('java', ['-version']))?.[1] ?? 'of unknown version';

export const openssl: Judge = {
  rows: 'openssl',
  programs: ['openssl'],
  judge: async ({ file }: Setup) => {
    const client = (await output('openssl', ['version'])).split(' ').slice(0, 2).join(' ');
    const read = (store: string, password: string) => () =>
      output('openssl', ['pkcs12', '-in', file(store), '-passin', `pass:${password}`, '-noenc']);
    return [
      {
        given: 'PKCS12 truststore',
        says: read('truststore.p12', 'changeit'),
        expected: /server-ca-1[\s\S]*server-ca-2/,
      },
      {
        given: 'PKCS12 truststore without password',
        says: read('truststore-without-password.p12', ''),
        expected: /server-ca-1[\s\S]*server-ca-2/,
      },
      {
        given: 'PKCS12 keystore',
        says: read('keystore.p12', PASSWORD),
        expected: /friendlyName: user[\s\S]*BEGIN PRIVATE KEY/,
      },
      { given: 'PKCS12 keystore, wrong password', says: read('keystore.p12', 'wrong'), expected: /Mac verify error/ },
      {
        given: 'PKCS8',
        says: () => output('openssl', ['pkey', '-inform', 'DER', '-in', file('client-key.pk8'), '-noout', '-check']),
        expected: /Key is valid/,
      },
    ].map((row): Row => ({ client, ...row }));
  },
};
