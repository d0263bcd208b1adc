#!/bin/sh
# One reset as people do it by hand: reset and wait, publish the new server CA, restart what depends on the instance.
# Usage: reset.sh INSTANCE NAMESPACE; gcloud and kubectl find their servers in the environment.
set -eu
instance=$1
namespace=$2
ca=$(mktemp)
trap 'rm -f "$ca"' EXIT

gcloud sql instances reset-ssl-config "$instance" --quiet
gcloud sql ssl server-ca-certs list --instance="$instance" --format='value(cert)' > "$ca"
kubectl --namespace="$namespace" create secret generic "$instance-ca" --from-file=server-ca.pem="$ca" \
  --dry-run=client --output=yaml | kubectl --namespace="$namespace" apply --filename=-
kubectl --namespace="$namespace" rollout restart deployment --selector="cloudsql-ssl.dev/instance=$instance"
kubectl --namespace="$namespace" rollout status deployment --selector="cloudsql-ssl.dev/instance=$instance" --timeout=10m
