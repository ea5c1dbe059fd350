#!/bin/sh
# Takes away all of the cluster that prepare.sh decided on, also where it was never finished, or on another machine.
set -eu
umask 077

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s' "$SERVICE_PRINCIPAL" >"$work/credentials"
export AZURE_AUTH_LOCATION="$work/credentials"

printf '%s\n' "$PULUMI_COMMAND_STDOUT" | sed '1,/^---$/d' >"$work/metadata.json"
if ! openshift-install destroy cluster --dir "$work" >"$work/output" 2>&1; then
    printf 'openshift-install could not take the cluster away: %s\n' \
        "$(grep -E 'level=(error|fatal)' "$work/output" | tail -n 5)" >&2
    tail -n 2 "$work/output" >&2
    exit 1
fi
rm -rf "$INSTALL_DIR"
