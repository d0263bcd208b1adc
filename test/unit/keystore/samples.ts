/** Two CAs like those of Cloud SQL (serial 0, no key identifiers), and a client certificate of the first one with its key. */
import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { certificatesOf } from '../../../src/domain/trust/pem.ts';

export const golden = (name: string): Promise<Buffer> => readFile(new URL(`golden/${name}`, import.meta.url));

const pem = async (name: string): Promise<string> => (await golden(name)).toString();

export const SERVER_CAS = await Promise.all(['server-ca-1.pem', 'server-ca-2.pem'].map(pem));

export const CERTIFICATES = certificatesOf(SERVER_CAS.join(''));

const clientKey = createPrivateKey(await pem('client-key.pem'));
const [certificate = new Uint8Array()] = certificatesOf(await pem('client-cert.pem'));

export const CLIENT = { privateKey: clientKey.export({ type: 'pkcs8', format: 'der' }), certificate };
