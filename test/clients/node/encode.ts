/**
 * Encodes once more what is published in a folder, and says whether the bytes are the same. Bundled, for a Node that runs no
 * TypeScript.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificatesOf } from '../../../src/domain/trust/pem.ts';
import { pkcs8Der } from '../../../src/domain/trust/private-key.ts';
import { javaTrustStore } from '../../../src/keystore/jks.ts';
import { keyStore, trustStore } from '../../../src/keystore/pkcs12.ts';

const [folder = '', password = ''] = process.argv.slice(2);
const read = (name: string): Promise<Buffer> => readFile(join(folder, name));
const text = async (name: string): Promise<string> => (await read(name)).toString();

const cas = certificatesOf(await text('server-ca.pem'));
const [certificate = new Uint8Array()] = certificatesOf(await text('client-cert.pem'));
const privateKey = pkcs8Der(await text('client-key.pem'));
const encoded = {
  'truststore.p12': await trustStore(cas, 'changeit'),
  'truststore-without-password.p12': await trustStore(cas, ''),
  'truststore.jks': javaTrustStore(cas, 'changeit'),
  'keystore.p12': await keyStore({ privateKey, certificate }, password),
};
const others: string[] = [];
for (const [name, bytes] of Object.entries(encoded)) if (!(await read(name)).equals(bytes)) others.push(name);
console.log(others.length === 0 ? 'the same bytes' : `other bytes: ${others.join(', ')}`);
