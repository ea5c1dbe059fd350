set -euo pipefail
phase() { oc get clusterserviceversion "$CSV" -n "$NAMESPACE" --ignore-not-found -o 'jsonpath={.status.phase}'; }
plan() {
  oc get installplans.operators.coreos.com -n "$NAMESPACE" \
    -o 'jsonpath={range .items[*]}{.metadata.name}{" "}{.spec.clusterServiceVersionNames}{" "}{.spec.approved}{"\n"}{end}' |
    awk -v want="[\"$CSV\"]" '$2 == want && $3 != "true" { print $1; exit }'
}
all() { oc get "$1.operators.coreos.com" -n "$NAMESPACE" -o "jsonpath={.items[*]$2}"; }
wait_or_give_up() {
  if [ "$SECONDS" -lt "$PATIENCE" ]; then sleep 5; return; fi
  echo "$1 after $PATIENCE seconds."
  echo "OLM has plans for $(all installplans .spec.clusterServiceVersionNames)" \
    "and says: $(all subscriptions '.status.conditions[?(@.status=="True")].message')"
  echo "Look at: oc get subscription,installplan,csv -n $NAMESPACE -o yaml"
  exit 1
}
until [ "$(phase)" = Succeeded ]; do
  found=$(plan)
  if [ -n "$found" ]; then
    echo "approving $found, which installs $CSV"
    oc patch installplans.operators.coreos.com "$found" -n "$NAMESPACE" --type merge -p '{"spec":{"approved":true}}'
  fi
  wait_or_give_up "No plan has installed exactly $CSV"
done
for operand in $OPERANDS; do
  until [ "$(oc get deployment "${operand#*/}" -n "${operand%/*}" --ignore-not-found \
    -o 'jsonpath={.status.conditions[?(@.type=="Available")].status}')" = True ]; do
    wait_or_give_up "The deployment $operand is not available"
  done
done
echo "$CSV is installed"
