set -euo pipefail
until said=$(oc create --dry-run=server -f - <<< "$MANIFEST" 2>&1); do
  if [ "$SECONDS" -ge "$PATIENCE" ]; then
    echo "The API server takes no such object of $OPERATOR after $PATIENCE seconds: $said"
    exit 1
  fi
  sleep 3
done
echo "$said"
