#!/bin/sh
# Decides the id of a cluster and all that the installer works with; makes nothing in Azure.
# Prints the install-config without the pull secret, "---", and the metadata that `openshift-install destroy` asks for.
# shellcheck source=components/cluster/openshift_install/common.sh
. "$(dirname "$0")/common.sh"

said=$(openshift-install version 2>&1) ||
    fail "openshift-install $VERSION is not on PATH, or does not run: $said"
[ "$(printf '%s\n' "$said" | head -n 1)" = "openshift-install $VERSION" ] ||
    fail "openshift-install on PATH is another version than coco:cluster.version $VERSION: $said"

[ ! -e "$INSTALL_DIR/begun" ] ||
    fail "an installation was begun in $INSTALL_DIR that the state of this stack does not know: take it away first with openshift-install destroy cluster --dir $INSTALL_DIR, then remove that folder"
rm -rf "$INSTALL_DIR"
mkdir -p "$INSTALL_DIR"

quoted=$(printf '%s' "$PULL_SECRET" | tr -d '\n' | sed "s/'/''/g")
printf "%s\npullSecret: '%s'\n" "$INSTALL_CONFIG" "$quoted" >"$INSTALL_DIR/install-config.yaml"
if ! openshift-install create ignition-configs --dir "$INSTALL_DIR" >"$INSTALL_DIR/output" 2>&1; then
    # The installer takes it away only where it takes it.
    rm -f "$INSTALL_DIR/install-config.yaml"
    fail "openshift-install refused: $(problems "$INSTALL_DIR/output")"
fi

printf '%s\n' "$INSTALL_CONFIG"
printf -- '---\n'
cat "$INSTALL_DIR/metadata.json"
