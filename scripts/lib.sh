# What the scripts beside this file share: where things are, how to speak, and the virtual environment. Sourced, not run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${MOCKERD_VENV:-$root/.venv}
clients=${MOCKERD_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/mockerd/clients}
export MOCKERD_CLIENTS=$clients

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# True under continuous integration, where what a test needs is installed or the run fails.
in_ci() { case ${CI:-} in '' | 0 | false | no) return 1 ;; *) return 0 ;; esac; }

# environment EXTRAS...: an up-to-date virtual environment with mockerd (editable) and these extras.
environment() {
  local extras stamp file
  extras=$(IFS=,; echo "$*")
  stamp=$(cat "$root/pyproject.toml"; python3 -V)
  file=$venv/mockerd-stamp${extras:+-$extras}       # one for each set of extras: installing another takes nothing away
  if [ -x "$venv/bin/python" ] && [ "$(cat "$file" 2>/dev/null)" = "$stamp" ]; then return; fi
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "python3 is $(python3 -V), mockerd needs 3.11 or newer"
  say "setting up $venv (once; needs the package index)"
  [ -x "$venv/bin/python" ] || new_venv "$venv"
  "$venv/bin/pip" install -qq --editable "$root${extras:+[$extras]}"
  printf '%s\n' "$stamp" >"$file"
}

# new_venv FOLDER: a virtual environment, also where Debian left out ensurepip and only virtualenv is there.
new_venv() {
  python3 -m venv "$1" 2>/dev/null || python3 -m virtualenv --quiet "$1" 2>/dev/null ||
    die "python3 cannot make a virtual environment: install python3-venv (Debian, Ubuntu) or virtualenv"
}
