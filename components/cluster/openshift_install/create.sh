#!/bin/sh
# Makes the cluster that prepare.sh decided on, or waits for the rest of an installation that was begun. Prints its kubeconfig.
# shellcheck source=components/cluster/openshift_install/common.sh
. "$(dirname "$0")/common.sh"

wait_for_the_rest() {
    openshift-install wait-for bootstrap-complete --dir "$INSTALL_DIR" &&
        openshift-install destroy bootstrap --dir "$INSTALL_DIR" &&
        openshift-install wait-for install-complete --dir "$INSTALL_DIR"
}

[ -f "$INSTALL_DIR/metadata.json" ] ||
    fail "$INSTALL_DIR is not here: the installation was prepared on another machine, or somebody removed it. Take away what it made, and begin again: see docs/clusters.md, Self-managed"

if [ -e "$INSTALL_DIR/begun" ]; then
    wait_for_the_rest >"$INSTALL_DIR/output" 2>&1 ||
        fail "the installation that was begun does not complete: $(problems "$INSTALL_DIR/output")
All is in $INSTALL_DIR/.openshift_install.log. Take away what it made, and begin again: see docs/clusters.md, Self-managed"
elif [ -n "$(find "$INSTALL_DIR/metadata.json" -mmin +1200)" ]; then
    fail "the installation was prepared more than 20 hours ago, and its certificates last 24. Take it away, and begin again: see docs/clusters.md, Self-managed"
else
    : >"$INSTALL_DIR/begun"
    openshift-install create cluster --dir "$INSTALL_DIR" >"$INSTALL_DIR/output" 2>&1 ||
        fail "openshift-install failed: $(problems "$INSTALL_DIR/output")
All is in $INSTALL_DIR/.openshift_install.log. The next up waits for the rest of this installation"
fi

cat "$INSTALL_DIR/auth/kubeconfig"
