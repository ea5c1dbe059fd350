set -euo pipefail
image() { oc get configmap peer-pods-cm -n "$NAMESPACE" -o 'jsonpath={.data.AZURE_IMAGE_ID}'; }
kata() { oc get kataconfigs.kataconfiguration.openshift.io "$KATA" -o "jsonpath=$1"; }
given_up() {
  local id jobs
  id=$(image) && jobs=$(oc get jobs -n "$NAMESPACE" -o 'jsonpath={.items[*].metadata.name}') || return 1
  [ -z "$id" ] && [ "$SECONDS" -ge "$GRACE" ] && [[ $jobs != *osc-podvm-image-creation* ]]
}
last_words() {
  oc logs -n "$NAMESPACE" job/osc-podvm-image-creation --all-containers --tail=5 2> /dev/null || true
  oc get events -n "$NAMESPACE" --field-selector type=Warning \
    -o 'jsonpath={range .items[*]}{.involvedObject.name}{": "}{.message}{"\n"}{end}' | grep podvm-image | sort -u | tail -n 5 || true
}
rolled_out() {
  local generation observed wanted updated ready webhook
  IFS=/ read -r generation observed wanted updated ready <<< "$(oc get daemonset osc-caa-ds -n "$NAMESPACE" -o \
    'jsonpath={.metadata.generation}/{.status.observedGeneration}/{.status.desiredNumberScheduled}/{.status.updatedNumberScheduled}/{.status.numberReady}')"
  webhook=$(oc get deployment peer-pods-webhook -n "$NAMESPACE" -o 'jsonpath={.status.conditions[?(@.type=="Available")].status}')
  [ "${wanted:-0}" -gt 0 ] && [ "$observed/$updated/$ready/$webhook" = "$generation/$wanted/$wanted/True" ] &&
    [ "$(kata '{.status.conditions[?(@.type=="InProgress")].status}')" = False ]
}
said="" since=$SECONDS
while [ $((SECONDS - since)) -lt "$STEADY" ]; do
  if [ -n "$(image)" ] && rolled_out; then
    sleep 5
    continue
  fi
  since=$((SECONDS + 5))
  words=$(last_words)
  said=${words:-$said}
  if given_up; then
    echo "The image of the pods' machines was not made (AZURE_IMAGE_ID in peer-pods-cm is empty), and the operator does not try again."
    echo "${said:-Its Job is gone: look at oc logs -n $NAMESPACE deployment/controller-manager}"
    echo "Remove the cause, let the operator take its part down, and begin anew:"
    echo "pulumi destroy --target '**::sandboxed-containers-kata' --target-dependents && pulumi up"
    exit 1
  fi
  if [ "$SECONDS" -ge "$PATIENCE" ]; then
    echo "Peer pods cannot start after $PATIENCE seconds: the adaptor or its webhook does not run. $said"
    echo "Look at: oc get daemonset,deployment,pod,event -n $NAMESPACE"
    exit 1
  fi
  sleep 5
done
echo "Peer pods start from $(image)"
