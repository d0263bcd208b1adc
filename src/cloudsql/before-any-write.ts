/** Node's codes for a connection that never was. */
const NO_CONNECTION = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED'];
/**
 * OpenSSL's and Node's codes for a server certificate that was refused. The handshake ends with it, before any HTTP is
 * written: https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
const REFUSED_CERTIFICATE = [
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];
const BEFORE_ANY_WRITE: ReadonlySet<unknown> = new Set([...NO_CONNECTION, ...REFUSED_CERTIFICATE]);
const MAX_CAUSES = 16;

/**
 * Whether an error can only have come up before the first byte of the request was written. A connection attempt over
 * several addresses fails as an aggregate, which counts only if each of its errors does.
 */
export function failedBeforeAnyWrite(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > MAX_CAUSES) return false;
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.every((each) => failedBeforeAnyWrite(each, depth + 1));
  }
  if ('code' in error && typeof error.code === 'string') return BEFORE_ANY_WRITE.has(error.code);
  return failedBeforeAnyWrite(error.cause, depth + 1);
}
