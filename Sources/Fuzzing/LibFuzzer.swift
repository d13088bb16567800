#if LIBFUZZER
    // Linked for what the compiler calls in it.
    internal import CFuzzing
    internal import Glibc

    @_silgen_name("LLVMFuzzerRunDriver")
    private func runDriver(
        _ count: UnsafeMutablePointer<Int32>,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
        _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    ) -> Int32

    /// The program as libFuzzer drives it.
    enum LibFuzzer {
        /// What the function that libFuzzer calls, which may hold nothing itself, finds its decoder by.
        nonisolated(unsafe) private static var decoder: Decoder?

        static func run(_ decoder: Decoder) -> Int32 {
            unsafe self.decoder = decoder
            var count = CommandLine.argc
            var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
            return unsafe runDriver(&count, &arguments) { data, size in
                let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: size))
                unsafe LibFuzzer.decoder?.run(bytes)
                return 0
            }
        }
    }
#endif
