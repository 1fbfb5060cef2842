# Shell helpers that the scripts of this folder share; read with `.` from the root of the repository. Plain POSIX shell.
# shellcheck shell=sh

# Rust as rustup installs it, also where the login shell was not restarted since.
if ! command -v cargo >/dev/null 2>&1 && [ -x "$HOME/.cargo/bin/cargo" ]; then
  PATH="$HOME/.cargo/bin:$PATH"
  export PATH
fi

# Where cargo builds: CARGO_TARGET_DIR, else ./target.
concerto_target=${CARGO_TARGET_DIR:-target}
# The program as the dev profile builds it.
# shellcheck disable=SC2034
concerto_program=$concerto_target/debug/concerto

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# Says how long a build is likely to take: the first builds some 300 crates, a later one only what changed.
say_build_time() {
  if [ -d "$concerto_target/debug/.fingerprint" ]; then
    say "Building into $concerto_target: what was built before is used again, so this takes seconds to a few minutes."
  else
    say "Building into $concerto_target for the first time: about 7 minutes on 2 cores. cargo shows each crate as it goes."
  fi
}

# The versions of what builds and tests, one a line.
say_versions() {
  for program in cargo rustc cc python3 git; do
    if command -v "$program" >/dev/null 2>&1; then "$program" --version 2>&1 | head -n 1; else say "$program: not installed"; fi
  done
  if cargo nextest --version >/dev/null 2>&1; then cargo nextest --version 2>&1 | head -n 1; else say "cargo-nextest: not installed"; fi
  if command -v pkg-config >/dev/null 2>&1; then say "openssl $(pkg-config --modversion openssl 2>/dev/null || say 'not installed')"; fi
  say "cores: $(getconf _NPROCESSORS_ONLN 2>/dev/null || say unknown)"
}
