# Runs a command that knows nothing of its supervisor and stops it when the supervisor is gone, however it died: the
# supervisor holds the other end of this shell's standard input, and the kernel closes that end with it.
#
#   sh -s SIGNAL LIMIT_SECONDS COMMAND [ARGUMENT…]     this script and then nothing comes on standard input;
#                                                      descriptor 3 receives the command's process id
#
# A shell and not Node: two guards cost 1 MB instead of 80. Closing standard input is also the ordinary way to stop.
guard() {
  signal=$1
  limit=$2
  shift 2

  exec 4<&0
  "$@" </dev/null 3>&- 4<&- &
  child=$!
  echo "$child" >&3
  exec 3>&-

  # The watcher outlives this shell if somebody kills it alone, and still ends the command.
  (
    trap - INT TERM HUP
    while read -r _ <&4; do :; done
    kill -s "$signal" "$child"
    while [ "$limit" -gt 0 ] && kill -0 "$child"; do
      sleep 1
      limit=$((limit - 1))
    done
    kill -s KILL "$child"
  ) >/dev/null 2>&1 &
  watcher=$!
  exec 4<&-

  # The shell tells how the command ended, perhaps to a pipe that nobody reads any more.
  trap '' PIPE
  trap 'kill -s "$signal" "$child"' INT TERM HUP
  wait "$child"
  code=$?
  # A trapped signal interrupts the wait while the command is still stopping.
  while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
  done
  kill "$watcher" 2>/dev/null
  exit "$code"
}
guard "$@"
