set -euo pipefail
behind() {
  for name in $COPIES; do
    local generation synced ready
    IFS=/ read -r generation synced ready <<< "$(oc get externalsecrets.external-secrets.io "$name" -n "$NAMESPACE" -o \
      'jsonpath={.metadata.generation}/{.status.syncedResourceVersion}/{.status.conditions[?(@.type=="Ready")].status}')"
    [ "${synced%%-*}/$ready" = "$generation/True" ] || echo "$name"
  done
}
until late=$(behind) && [ -z "$late" ]; do
  if [ "$SECONDS" -ge "$PATIENCE" ]; then
    echo "Not copied from the vault after $PATIENCE seconds: ${late//$'\n'/ }"
    oc get externalsecrets.external-secrets.io -n "$NAMESPACE" \
      -o 'jsonpath={range .items[*]}{.metadata.name}{": "}{.status.conditions[?(@.type=="Ready")].message}{"\n"}{end}'
    exit 1
  fi
  sleep 3
done
echo "copied: $COPIES"
