#!/bin/sh
# Stands in for rpc-go where a script calls it, and takes only what both of its lines take (2.x: internal/flags; 3.x:
# internal/cli, internal/commands/configure/cira.go, internal/commands/activate/activate.go). The real one is not run here.
refuse() { echo "rpc: $*" >&2; exit 1; }
[ $# -ge 1 ] || refuse "no command"
[ $# -le 8 ] || refuse "2.x takes no more than that"
verb=$1
shift
address='' certificate=''
case $verb in
activate)
    [ "$*" = "--local --ccm" ] || refuse "activate: $*"
    echo activated
    exit 0
    ;;
configure)
    [ "${1:-}" = cira ] || refuse "configure ${1:-}"
    shift
    ;;
*) refuse "unknown command $verb" ;;
esac
while [ $# -gt 0 ]; do
    case $1 in
    --mpsaddress) name=address ;;
    --mpscert) name=certificate ;;
    --mpspassword | --password) refuse "a password on the command line, where every user sees it" ;;
    *) refuse "unknown flag $1" ;;
    esac
    [ $# -ge 2 ] || refuse "$1 needs a value"
    eval "$name=\$2"
    shift 2
done
[ -n "$address" ] && [ -n "$certificate" ] || refuse "an address and a certificate are needed"
case $address in
*://*) refuse "no scheme in the address" ;;
*[!0-9a-zA-Z.-]* | -* | *- | .* | *..*) refuse "no address: $address" ;;
*.*) ;;
*) refuse "3.x takes no name without a dot: $address" ;;
esac
password=${MPS_PASSWORD:-}
[ ${#password} -ge 8 ] && [ ${#password} -le 16 ] || refuse "8 to 16 characters make a password"
for class in '[A-Z]' '[a-z]' '[0-9]' '[^A-Za-z0-9]'; do
    printf %s "$password" | LC_ALL=C grep -q "$class" || refuse "the password has nothing of $class"
done
printf '{"address":"%s","password":"%s","certificate":"%s"}\n' "$address" "$password" "$certificate"
