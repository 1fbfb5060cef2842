#!/bin/sh
# Sets up a Debian machine for building Concerto: says what is missing, and installs it where it may.
#
#   packaging/setup.sh [demo|test]     demo: what a build needs; test (the default): what the checks need as well
#
# Exit codes: 0 ready, 2 wrong usage, 3 Rust missing or too old, 4 packages missing and not allowed to install them
# (the command is printed), 5 the installation failed.
set -eu
cd "$(dirname "$0")/.."
. packaging/lib.sh

purpose=${1:-test}
case $purpose in demo | test) ;; *) complain "usage: packaging/setup.sh [demo|test]"; exit 2 ;; esac

# --- Rust, at least the version of the workspace. rustup installs it for one user; that is not for a script to do unasked.
wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
if ! command -v cargo >/dev/null 2>&1; then
  complain "Rust is missing. Install it as https://rustup.rs describes, version $wanted or later, then call this again."
  exit 3
fi
found=$(cargo --version | sed 's/^cargo \([0-9]*\.[0-9]*\).*/\1/')
if [ "${found%%.*}" -lt "${wanted%%.*}" ] || { [ "${found%%.*}" -eq "${wanted%%.*}" ] && [ "${found#*.}" -lt "${wanted#*.}" ]; }; then
  complain "Rust $found is too old, $wanted is needed: rustup update stable"
  exit 3
fi
say "Rust $found: good."

# --- Debian packages.
missing=
need() { # PACKAGE COMMAND...: notes the package as missing where the command fails
  package=$1
  shift
  if "$@" >/dev/null 2>&1; then say "$package: present."; else say "$package: missing."; missing="$missing $package"; fi
}
need gcc command -v cc
need libc6-dev sh -c 'echo "#include <stdio.h>" | cc -E -'
need pkg-config command -v pkg-config
need libssl-dev pkg-config --exists openssl
need make command -v make
if [ "$purpose" = test ]; then
  need git command -v git
  need faketime command -v faketime
  need python3 command -v python3
  need python3-venv python3 -c 'import venv, ensurepip'
  # the PEC provider of the tests: mail servers that the tests start themselves, and a client of another hand
  need openssl command -v openssl
  need postfix test -x /usr/sbin/postfix
  need dovecot-imapd test -x /usr/lib/dovecot/imap
  need swaks command -v swaks
  need libnet-ssleay-perl perl -MNet::SSLeay -e 1
  # what reads the sheets of acts again; their tests skip what is not there
  need qpdf command -v qpdf
  need poppler-utils command -v pdftotext
fi
missing=${missing# }

if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null 2>&1; then
    complain "These are missing, named as Debian names them: $missing. Install them with this system's package manager."
    exit 4
  fi
  if [ "$(id -u)" -eq 0 ]; then
    as_root=
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
  else
    complain "These packages are missing and this user may not install them. Run:"
    # shellcheck disable=SC2086
    complain "  sudo apt-get update && sudo apt-get install --no-install-recommends $missing"
    exit 4
  fi
  say "Installing: $missing"
  # shellcheck disable=SC2086
  if ! { $as_root apt-get -qq update && $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends $missing; } </dev/null; then
    complain "The installation failed; its messages are above. Needed: $missing"
    exit 5
  fi
fi

case " $missing " in
  *" postfix "* | *" dovecot-imapd "*)
    say "Debian may have started Postfix and Dovecot as services. The tests do not use them: systemctl disable --now postfix dovecot"
    ;;
esac
if [ "$purpose" = test ] && ! cargo nextest --version >/dev/null 2>&1; then
  say "cargo-nextest: missing, so the tests will run with cargo test (same tests, another report)."
fi
say "Ready."
