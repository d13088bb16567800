/// Nothing is called from Swift: the compiler itself calls what `Counters.c` defines.
