# Prints a line "name TAB path TAB version" for what the host's compiler is made
# of. What is not there prints no path.
version() { "$1" --version 2>/dev/null </dev/null | head -n 1; }
say() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }
program() { where=$(cc -print-prog-name="$1" 2>/dev/null); command -v -- "$where" || command -v -- "$1"; }
library() { cc -print-file-name="$1" 2>/dev/null; }
for name in cc c++ ar strip; do
	say "$name" "$(command -v $name)" "$(version $name)"
done
for name in as ld; do
	at=$(program $name)
	say "$name" "$at" "$(version "$at")"
done
for name in cc1 cc1plus collect2; do
	say "$name" "$(program $name)" ""
done
for name in libc.so.6 libc.a crti.o libgcc.a libstdc++.so; do
	say "$name" "$(library $name)" ""
done
