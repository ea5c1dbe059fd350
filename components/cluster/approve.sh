set -euo pipefail
package=${CSV%%.v*}
listed() { oc get "$1.operators.coreos.com" -n "$NAMESPACE" -o "jsonpath=$2"; }
versions() {
  listed clusterserviceversions '{range .items[*]}{.metadata.name}{" "}{.status.phase}{"\n"}{end}' |
    awk -v start="$package.v" 'index($1, start) == 1' | sort -V
}
# OLM makes a plan and then writes its status. Approved in between, the plan is given up, and another one made.
offered() {
  listed installplans '{range .items[*]}{.metadata.name}{" "}{.spec.clusterServiceVersionNames}{" "}{.status.phase}{"\n"}{end}' |
    awk -v start="[\"$package.v" 'index($2, start) == 1 && $2 !~ /,/ && $3 == "RequiresApproval" { gsub(/[]["]/, "", $2); print $2, $1 }' | sort -V
}
in_order() { printf '%s\n' "$@" | sort -VC; }
give_up() {
  printf '%s\n' "$@" "Look at: oc get subscription,installplan,csv -n $NAMESPACE -o yaml"
  exit 1
}
approve_next() {
  local version plan
  while read -r version plan; do
    if in_order "$version" "$CSV" && ! in_order "$version" "$1"; then
      echo "approving $plan, which installs $version"
      oc patch installplans.operators.coreos.com "$plan" -n "$NAMESPACE" --type merge -p '{"spec":{"approved":true}}'
      return
    fi
  done < <(offered)
}
while true; do
  if found=$(versions); then
    newest=${found##*$'\n'} have=${found##*$'\n'} phase=${found##* }
    have=${have%% *}
    [ "$newest" != "$CSV Succeeded" ] || break
    in_order "$have" "$CSV" ||
      give_up "$have is installed, which is newer than the pin $CSV, and OLM never goes back: pin what is installed."
    case $phase in "" | Succeeded | Failed) approve_next "$have" || true ;; esac
  fi
  [ "$SECONDS" -lt "$PATIENCE" ] || give_up "$CSV is not installed after $PATIENCE seconds." \
    "Installed is ${found:-nothing}. $(listed clusterserviceversions '{.items[?(@.status.phase=="Failed")].status.message}')" \
    "OLM has plans for $(listed installplans '{.items[*].spec.clusterServiceVersionNames}')" \
    "and says: $(listed subscriptions '{.items[*].status.conditions[?(@.status=="True")].message}')"
  sleep 5
done
echo "$CSV is installed"
