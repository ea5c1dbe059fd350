set -euo pipefail
newest() {
  oc get clusterserviceversions.operators.coreos.com -A -o \
    'jsonpath={range .items[*]}{.metadata.name}{" "}{.status.phase}{" "}{.metadata.namespace}{" "}{.metadata.labels.olm\.copiedFrom}{"\n"}{end}' |
    awk -v start="$PACKAGE.v" 'index($1, start) == 1 && $4 == ""' | sort -V | tail -n 1
}
csv="" phase="" where=""
until found=$(newest) && read -r csv phase where _ <<< "$found" && [ "$phase" = Succeeded ]; do
  if [ "$SECONDS" -ge "$PATIENCE" ]; then
    echo "The stack file says that $PACKAGE is present in this cluster, but no version of it works after $PATIENCE seconds: ${found:-there is none}."
    echo "Look at: oc get csv -A | grep $PACKAGE"
    exit 1
  fi
  sleep 5
done
if ! printf '%s\n' "$OLDEST" "${csv#*.v}" | sort -VC; then
  echo "$csv in $where is older than $OLDEST, which this program needs: upgrade it, or let the stack install a version."
  exit 1
fi
echo "$csv works in $where"
