set -euo pipefail
state() {
  oc get deployment trustee-deployment -n "$NAMESPACE" -o 'jsonpath={.spec.template.spec.containers[*].env[?(@.name=="COCO_RENDERED")].value}/{.metadata.generation}/{.spec.replicas}/{.status.observedGeneration}/{.status.replicas}/{.status.updatedReplicas}/{.status.readyReplicas}'
}
settled() {
  local running generation wanted observed replicas updated ready
  IFS=/ read -r running generation wanted observed replicas updated ready <<< "$(state)"
  [ "$running/$observed/$replicas/$updated/$ready" = "$RENDERED/$generation/$wanted/$wanted/$wanted" ]
}
until settled; do
  if [ "$SECONDS" -ge "$PATIENCE" ]; then
    echo "The pods of Trustee do not run what this update made after $PATIENCE seconds. Warnings in $NAMESPACE:"
    oc get events -n "$NAMESPACE" --field-selector type=Warning --sort-by=.metadata.creationTimestamp \
      -o 'jsonpath={range .items[*]}{.involvedObject.kind}{" "}{.involvedObject.name}{": "}{.message}{"\n"}{end}' | uniq | tail -n 5
    echo "Look at: oc describe kbsconfig,deployment,pod -n $NAMESPACE"
    exit 1
  fi
  sleep 3
done
echo "All pods of Trustee run $RENDERED"
