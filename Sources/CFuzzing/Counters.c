/// Which edges of the code an input took, for libFuzzer, when the package is built with -DLIBFUZZER; nothing otherwise.
///
/// The compiler can also count in tables of its own, but then libFuzzer looks through the counters of the whole program
/// after each run: 58,000 for the cores alone, which takes six times as long as a decoder. Here an edge gets the next
/// counter when it is first taken, so that those of one decoder lie side by side and the table is small. A decoder that
/// takes more than 4,096 edges shares counters, which costs it some attention and nothing else.
///
/// This is C because Swift code would be instrumented itself.

#ifdef LIBFUZZER
#include <stdint.h>

enum { COUNTERS = 1 << 12 };

__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];
static uint32_t numbered;

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop) {}

void __sanitizer_cov_trace_pc_guard(uint32_t *guard) {
    if (__builtin_expect(*guard == 0, 0)) *guard = ++numbered;
    counters[*guard % COUNTERS]++;
}
#endif
