/** Clients of MySQL and MariaDB, before MariaDB. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AGAIN, again, KEEPS_WHAT_IT_READ, READS_IT_AGAIN } from './again.ts';
import { AS_DOCUMENTED, documented } from './documented.ts';
import { jdbc, query } from './jdbc.ts';
import { output } from './program.ts';
import { PASSWORD } from './published.ts';
import type { Judge, Row } from './row.ts';

type Values = Readonly<Record<string, string>>;

const CONNECTED = /^connected$/;
const MARIADB_CONNECTOR = '4.0.0';
const MYSQL_CONNECTOR = '26.10.0';
const MYSQL2 = '3.24.6';
const MYSQL2_PROGRAM = fileURLToPath(new URL('node/mysql2.mjs', import.meta.url));

export const mariaDbConnectorJ: Judge = {
  rows: 'MariaDB Connector/J',
  programs: ['java', 'mvn'],
  judge: async (setup) => {
    const { port, file, folder } = setup;
    const driver = await jdbc(`org.mariadb.jdbc:mariadb-java-client:${MARIADB_CONNECTOR}`, folder);
    const url = `jdbc:mariadb://127.0.0.1:${port}/?user=app`;
    const [settings] = await documented('MariaDB Connector/J', setup);
    const connect = (values: Values) => () => driver.connect(`${url}&${query({ sslMode: 'verify-ca', ...values })}`);
    const ca = { serverSslCert: file('server-ca.pem') };
    const keyStore = { keyStore: file('keystore.p12'), keyStorePassword: PASSWORD };
    const trustStore = { trustStore: file('truststore.p12'), trustStorePassword: 'changeit', trustStoreType: 'PKCS12' };
    return [
      { given: AS_DOCUMENTED, says: () => driver.connect(`${url}&${settings}`), expected: CONNECTED },
      { given: 'PEM and PKCS12 keystore', says: connect({ ...ca, ...keyStore }), expected: CONNECTED },
      { given: 'PKCS12 truststore and keystore', says: connect({ ...trustStore, ...keyStore }), expected: CONNECTED },
      { given: 'PEM, no client certificate', says: connect(ca), expected: /Access denied for user/ },
      {
        given: 'PKCS12 keystore, wrong password',
        says: connect({ ...ca, ...keyStore, keyStorePassword: 'wrong' }),
        expected: /keystore password was incorrect/,
      },
      {
        given: 'the CA from before',
        says: connect({ ...keyStore, serverSslCert: file('old-ca.pem') }),
        expected: /PKIX path building failed/,
      },
      {
        given: AGAIN,
        says: () =>
          again(setup, (serverSslCert) =>
            driver.command(`${url}&${query({ sslMode: 'verify-ca', ...keyStore, serverSslCert })}`),
          ),
        expected: READS_IT_AGAIN,
      },
    ].map((row): Row => ({ client: `MariaDB Connector/J ${MARIADB_CONNECTOR}`, ...row }));
  },
};

export const mySqlConnectorJ: Judge = {
  rows: 'MySQL Connector/J',
  programs: ['java', 'mvn'],
  judge: async (setup) => {
    const { port, file, folder } = setup;
    const driver = await jdbc(`com.mysql:mysql-connector-j:${MYSQL_CONNECTOR}`, folder);
    const url = `jdbc:mysql://127.0.0.1:${port}/?user=app`;
    const [settings] = await documented('MySQL Connector/J', setup);
    const connect = (values: Values) => () => driver.connect(`${url}&${query({ sslMode: 'VERIFY_CA', ...values })}`);
    const trustStore = (name: string, password = 'changeit') => ({
      trustCertificateKeyStoreUrl: `file:${file(name)}`,
      trustCertificateKeyStorePassword: password,
    });
    const keyStore = (password = PASSWORD) => ({
      clientCertificateKeyStoreUrl: `file:${file('keystore.p12')}`,
      clientCertificateKeyStorePassword: password,
    });
    const asJks = { ...trustStore('truststore.jks'), trustCertificateKeyStoreType: 'JKS' };
    return [
      { given: AS_DOCUMENTED, says: () => driver.connect(`${url}&${settings}`), expected: CONNECTED },
      {
        given: 'PKCS12 truststore and keystore',
        says: connect({ ...trustStore('truststore.p12'), ...keyStore() }),
        expected: CONNECTED,
      },
      {
        given: 'JKS truststore, PKCS12 keystore',
        says: connect({ ...asJks, ...keyStore() }),
        expected: CONNECTED,
      },
      {
        given: 'PKCS12 truststore, wrong password',
        says: connect({ ...trustStore('truststore.p12', 'wrong'), ...keyStore() }),
        expected: /keystore password was incorrect/,
      },
      {
        given: 'PKCS12 keystore, wrong password',
        says: connect({ ...trustStore('truststore.p12'), ...keyStore('wrong') }),
        expected: /keystore password was incorrect/,
      },
      {
        given: 'the CA from before, as PKCS12',
        says: connect({ ...trustStore('old-truststore.p12'), ...keyStore() }),
        expected: /Path does not chain with any of the trust anchors/,
      },
      {
        given: AGAIN,
        says: () =>
          again(
            setup,
            (path) => {
              const values = { ...trustStore('truststore.p12'), trustCertificateKeyStoreUrl: `file:${path}` };
              return driver.command(`${url}&${query({ sslMode: 'VERIFY_CA', ...values, ...keyStore() })}`);
            },
            { before: 'old-truststore.p12', after: 'truststore.p12' },
          ),
        expected: READS_IT_AGAIN,
      },
    ].map((row): Row => ({ client: `MySQL Connector/J ${MYSQL_CONNECTOR}`, ...row }));
  },
};

export const mysql2: Judge = {
  rows: 'mysql2',
  programs: ['npm'],
  judge: async (setup) => {
    const { port, file, folder } = setup;
    const flags = ['--no-audit', '--no-fund', '--silent'];
    const added = await output('npm', ['install', '--prefix', folder, ...flags, `mysql2@${MYSQL2}`]);
    const program = join(folder, 'connect.mjs');
    await cp(MYSQL2_PROGRAM, program);
    const args = (ca: string) => [program, String(port), ca, file('client-cert.pem'), file('client-key.pem')] as const;
    const by = (ca: string) => async () => added || output(process.execPath, args(file(ca)));
    return [
      { given: 'PEM', says: by('server-ca.pem'), expected: CONNECTED },
      {
        given: 'the CA from before',
        says: by('old-ca.pem'),
        expected: /HANDSHAKE_SSL_ERROR.*(self-signed certificate in certificate chain|unable to verify the first)/,
      },
      {
        given: AGAIN,
        says: () => again(setup, (ca) => [process.execPath, ...args(ca)]),
        expected: KEEPS_WHAT_IT_READ,
      },
    ].map((row): Row => ({ client: `mysql2 ${MYSQL2}`, ...row }));
  },
};
