#!/usr/bin/env bash
# An engine for the tests of clones in containers, and an image for them: PostgreSQL 15 as this Debian has it, since a
# machine that tests may have no registry within reach. Prints the image's name; prints why, and fails, where no engine
# can be made to run. Whatever it starts is to be ended by whoever called it: the engine's id is in the file $1.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 3>&1 >&2 </dev/null

PID_FILE=$1
IMAGE=dbtool-test-postgres:15
POSTGRES=/usr/lib/postgresql/15
ENGINE_STARTS_WITHIN_S=40

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

give_up() {
  echo "cannot run here: $1"
  exit 1
}

has() {
  PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null
}

install_engine() {
  if has dockerd && has docker; then return; fi
  as_root apt-get update -q || true
  local packages=(docker.io iptables)
  # Releases of Debian differ in whether the client comes with the engine.
  if apt-cache show docker-cli >/dev/null 2>&1; then packages+=(docker-cli); fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${packages[@]}" ||
    give_up "docker.io cannot be installed"
}

answers() {
  timeout 10 docker info >/dev/null 2>&1
}

start_engine() {
  local log
  log=$(mktemp)
  for options in "" "--storage-driver=vfs"; do
    # shellcheck disable=SC2086  # none is no argument
    as_root setsid sh -c 'PATH=$PATH:/usr/sbin:/sbin; echo $$ >"$1"; shift; exec dockerd "$@"' \
      - "$PID_FILE" $options >"$log" 2>&1 3>&- &
    for _ in $(seq $((ENGINE_STARTS_WITHIN_S * 2))); do
      if answers; then return; fi
      sleep 0.5
      kill -0 $! 2>/dev/null || break
    done
    end_engine
  done
  tail -3 "$log"
  give_up "dockerd does not start"
}

end_engine() {
  if [ -s "$PID_FILE" ]; then as_root kill "$(cat "$PID_FILE")" 2>/dev/null || true; fi
  sleep 1
}

# Copies each file or folder named, what links lead to, and the libraries that programs among them are linked with.
gather() {
  local root=$1
  shift
  local programs libraries
  programs=$(find -L "$@" -type f \( -perm -u+x -o -name '*.so*' \))
  libraries=$(ldd $programs 2>/dev/null | grep -o '/[^ :]*\.so[^ :]*' | sort -u)
  tar -C / -chf - $(printf '%s\n' "$@" $libraries | sed 's,^/,,' | sort -u) | tar -C "$root" -xf -
}

build_image() {
  docker image inspect "$IMAGE" >/dev/null 2>&1 && docker image rm --force "$IMAGE" >/dev/null
  local root
  root=$(mktemp -d)
  trap 'rm -rf "$root"' RETURN
  mkdir -p "$root"/{tmp,etc,var/lib/postgresql}
  chmod 1777 "$root/tmp" "$root/var/lib/postgresql"
  gather "$root" $POSTGRES/bin $POSTGRES/lib /usr/share/postgresql/15 /usr/lib/locale/C.utf8 /usr/share/zoneinfo \
    /bin/sh /bin/rm /usr/bin/locale
  echo 'postgres:x:999:999::/var/lib/postgresql:/bin/sh' >"$root/etc/passwd"
  echo 'postgres:x:999:' >"$root/etc/group"
  cp docker/postgres-entrypoint.sh "$root/entrypoint"
  tar -C "$root" -cf - . | docker import \
    --change "ENV PATH=$POSTGRES/bin:/usr/bin:/bin" --change 'ENV PGDATA=/var/lib/postgresql/data' \
    --change 'USER postgres' --change 'EXPOSE 5432' --change 'ENTRYPOINT ["/entrypoint"]' --change 'CMD ["postgres"]' \
    - "$IMAGE" >/dev/null
}

[ -x $POSTGRES/bin/postgres ] || give_up "$POSTGRES is not installed"
install_engine
answers || start_engine
build_image || give_up "the image cannot be built"
echo "$IMAGE" >&3
