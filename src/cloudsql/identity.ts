import {
  type AuthClient,
  BaseExternalAccountClient,
  Compute,
  gcpMetadata,
  Impersonated,
  JWT,
} from 'google-auth-library';

/**
 * The e-mail address of the account that a client of Application Default Credentials calls as; undefined where the
 * credentials do not have it, as for a federated identity that impersonates no service account.
 */
export async function emailOf(client: AuthClient): Promise<string | undefined> {
  if (client instanceof JWT) return address(client.email);
  if (client instanceof Impersonated) return address(client.getTargetPrincipal());
  if (client instanceof BaseExternalAccountClient) return address(client.getServiceAccountEmail());
  if (client instanceof Compute) return address(await gcpMetadata.instance('service-accounts/default/email'));
  return undefined;
}

/** Without a service account bound to it, a workload identity answers `PROJECT.svc.id.goog`, which is no address. */
const address = (text: unknown): string | undefined =>
  typeof text === 'string' && /^[^\s@]+@[^\s@]+$/.test(text.trim()) ? text.trim() : undefined;
