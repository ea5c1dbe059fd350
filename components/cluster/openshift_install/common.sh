# shellcheck shell=sh
# What the scripts beside it begin with. `scratch` is a folder for what nobody else may read, and is gone at the end.
set -eu
umask 077

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# The installer's last complaints, in the file that it printed into.
problems() {
    grep -E 'level=(error|fatal)' "$1" | grep -iv password | tail -n 5
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
printf '%s' "$SERVICE_PRINCIPAL" >"$scratch/credentials"
export AZURE_AUTH_LOCATION="$scratch/credentials"
