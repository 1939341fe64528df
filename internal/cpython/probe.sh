#!/bin/sh
# usage: probe.sh FOLDER COMPILER FLAG... : writes the flags that the compiler takes
# into FOLDER/flags, one a line.
set -u
cd "$1" || exit 1
compiler=$2
shift 2
echo 'int main(void) { return 0; }' >probe.c
: >flags
for flag; do
	if "$compiler" -Werror "$flag" probe.c -o probe >/dev/null 2>&1; then
		echo "$flag" >>flags
	else
		echo "$compiler does not take $flag"
	fi
done
if ! "$compiler" probe.c -o probe; then
	exit 1
fi
rm -f probe probe.c
