/** Whom the credentials file has asked: its URLs decide which hosts a proxy is for. */
import { readFileSync } from 'node:fs';
import { parseJson } from '../lib/json.ts';

/**
 * Every http(s) URL of the file that GOOGLE_APPLICATION_CREDENTIALS names, whatever its field: those of tokens, of their
 * source and of impersonation (https://google.aip.dev/auth/4117). None where the file cannot be read: getting a token says so.
 */
export function credentialUrls(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const path = env.GOOGLE_APPLICATION_CREDENTIALS;
  return path === undefined || path === '' ? [] : urlsIn(parseJson(textOf(path)));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function urlsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return /^https?:\/\//i.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(urlsIn) : [];
}
