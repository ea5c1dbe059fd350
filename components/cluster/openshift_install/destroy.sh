#!/bin/sh
# Takes away all of the cluster that prepare.sh decided on, also where it was never finished, or on another machine.
# shellcheck source=components/cluster/openshift_install/common.sh
. "$(dirname "$0")/common.sh"

printf '%s\n' "$PULUMI_COMMAND_STDOUT" | sed '1,/^---$/d' >"$scratch/metadata.json"
openshift-install destroy cluster --dir "$scratch" >"$scratch/output" 2>&1 ||
    fail "openshift-install could not take the cluster away: $(problems "$scratch/output")
$(tail -n 2 "$scratch/output")"
rm -rf "$INSTALL_DIR"
