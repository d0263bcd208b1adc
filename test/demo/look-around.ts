import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import { INSTANCE, NAMESPACE, PROJECT, RESET } from './example-objects.ts';

export interface Places {
  readonly kubeconfigPath: string;
  readonly logFile: string;
  readonly emulator: Pick<Emulator, 'apiUrl' | 'metadataHost'>;
}

/** How to look around while everything runs. */
export const lookAround = ({ kubeconfigPath, logFile, emulator: { apiUrl, metadataHost } }: Places): string => `
export KUBECONFIG=${kubeconfigPath}

To see:

  kubectl -n ${NAMESPACE} get sslreset -o wide
  kubectl -n ${NAMESPACE} describe sslreset ${RESET}
  kubectl -n ${NAMESPACE} events --for=sslreset/${RESET}
  kubectl explain cloudsqlsslreset.spec
  tail -f ${logFile}
  curl ${apiUrl}/emulator/state
  curl '${apiUrl}/emulator/journal?api=resetSslConfig'

To reset once more, with an answer that gets lost although the reset is executed:

  curl ${apiUrl}/emulator/faults -d '{"api": "resetSslConfig", "answer": {"kind": "Drop", "executed": true}}'
  kubectl -n ${NAMESPACE} patch sslreset ${RESET} --type=merge -p '{"spec": {"deadlineSeconds": 1800}}'
  kubectl -n ${NAMESPACE} get sslreset -w

With gcloud, in a shell of its own:

  export CLOUDSDK_CONFIG=$(mktemp -d)
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL=${apiUrl}/
  export CLOUDSDK_CORE_PROJECT=${PROJECT}
  export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=$CLOUDSDK_CONFIG/token
  curl -s -H 'Metadata-Flavor: Google' \\
    http://${metadataHost}/computeMetadata/v1/instance/service-accounts/default/token |
    sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/' > $CLOUDSDK_AUTH_ACCESS_TOKEN_FILE
  gcloud sql operations list --instance=${INSTANCE}

Ctrl-C ends it.`;
