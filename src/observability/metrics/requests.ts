/** Requests that the operator sends: to the API server, and to Cloud SQL. */
import { Counter, type Registry } from 'prom-client';

export interface RequestReport {
  readonly method: string;
  readonly host: string;
  /** HTTP status; undefined where no answer came. */
  readonly code: number | undefined;
}

export interface RequestObserver {
  kubernetes(report: RequestReport): void;
  cloudSql(report: Omit<RequestReport, 'host'>): void;
}

/** As client-go writes it. */
const NO_ANSWER = '<error>';

export function requestMetrics(registry: Registry): RequestObserver {
  const registers = [registry];
  const kubernetes = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by HTTP status; code is <error> where no answer came. A watch counts when it is opened.',
    labelNames: ['code', 'method', 'host'],
    registers,
  });
  const cloudSql = new Counter({
    name: 'cloudsql_ssl_reset_api_requests_total',
    help: "Calls of the Cloud SQL Admin API, by the method's name in its reference and by HTTP status; code is <error> where no answer came.",
    labelNames: ['method', 'code'],
    registers,
  });
  const text = (code: number | undefined): string => (code === undefined ? NO_ANSWER : String(code));
  return {
    kubernetes: ({ code, method, host }) => kubernetes.inc({ code: text(code), method, host }),
    cloudSql: ({ method, code }) => cloudSql.inc({ method, code: text(code) }),
  };
}
