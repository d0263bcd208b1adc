/** An error answer of the Admin API, with the body that the real one sends. */
export interface ApiErrorFacts {
  readonly code: number;
  /** `error.errors[0].reason`; the code alone does not tell. */
  readonly reason: string;
  readonly message: string;
  /** The canonical status word, where the real API sends one. */
  readonly status?: string | undefined;
  /** `error.errors[0].message` where it differs from the message. */
  readonly detail?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly facts: ApiErrorFacts;

  constructor(facts: ApiErrorFacts) {
    super(facts.message);
    this.facts = facts;
  }

  /** `{error: {code, message, errors[], status?}}`. */
  body(): object {
    const { code, message, reason, status, detail = message } = this.facts;
    const errors = [{ message: detail, domain: 'global', reason }];
    return { error: { code, message, errors, ...(status === undefined ? {} : { status }) } };
  }
}

export const loginRequired = () =>
  new ApiError({
    code: 401,
    reason: 'required',
    message:
      'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
    detail: 'Login Required.',
    status: 'UNAUTHENTICATED',
  });

export const invalidCredentials = () =>
  new ApiError({
    code: 401,
    reason: 'authError',
    message:
      'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
    detail: 'Invalid Credentials',
    status: 'UNAUTHENTICATED',
  });

export const insufficientScopes = () =>
  new ApiError({
    code: 403,
    reason: 'insufficientPermissions',
    message: 'Request had insufficient authentication scopes.',
    detail: 'Insufficient Permission',
    status: 'PERMISSION_DENIED',
  });

export const notAuthorized = () =>
  new ApiError({ code: 403, reason: 'notAuthorized', message: 'The client is not authorized to make this request.' });

export const instanceDoesNotExist = () =>
  new ApiError({ code: 404, reason: 'instanceDoesNotExist', message: 'The Cloud SQL instance does not exist.' });

export const operationDoesNotExist = () =>
  new ApiError({ code: 404, reason: 'operationDoesNotExist', message: 'The requested operation does not exist.' });

export const certificateDoesNotExist = () =>
  new ApiError({ code: 404, reason: 'sslCertificateDoesNotExist', message: 'The SSL certificate does not exist.' });

/** Unverified: that this is a 409, and its reason. */
export const certificateExists = () =>
  new ApiError({
    code: 409,
    reason: 'sslCertificateAlreadyExists',
    message: 'An SSL certificate with this common name already exists.',
  });

/** Ten client certificates are the most that an instance has. Unverified: how the real API refuses one more. */
export const tooManyCertificates = () =>
  new ApiError({
    code: 400,
    reason: 'invalidRequest',
    message: 'Invalid request: the instance has the maximum number of client certificates.',
  });

export const operationInProgress = () =>
  new ApiError({
    code: 409,
    reason: 'operationInProgress',
    message:
      'Operation failed because another operation was already in progress. Try your request after the current operation is complete.',
  });

export const invalidState = () =>
  new ApiError({
    code: 409,
    reason: 'invalidState',
    message: 'The instance or operation is not in an appropriate state to handle the request.',
  });

export const invalidRequest = (message: string) =>
  new ApiError({ code: 400, reason: 'invalidRequest', message: `Invalid request: ${message}.` });

export const unknownMethod = (path: string) =>
  new ApiError({ code: 404, reason: 'notFound', message: `The requested URL ${path} was not found on this server.` });
