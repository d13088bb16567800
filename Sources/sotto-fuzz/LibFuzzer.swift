#if LIBFUZZER
    internal import Glibc

    @_silgen_name("LLVMFuzzerRunDriver")
    private func runDriver(
        _ count: UnsafeMutablePointer<Int32>,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
        _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    ) -> Int32

    /// The program as libFuzzer drives it.
    enum LibFuzzer {
        private static let decoder: Decoder? = unsafe getenv("SOTTO_FUZZ").flatMap {
            unsafe Decoder.named(String(cString: $0))
        }

        static func run() -> Never {
            guard decoder != nil else {
                SottoFuzz.say("sotto-fuzz: error: SOTTO_FUZZ names no decoder\n", to: 2)
                exit(2)
            }
            var count = CommandLine.argc
            var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
            let result = unsafe runDriver(&count, &arguments) { data, size in
                let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: size))
                LibFuzzer.decoder?.run(bytes)
                return 0
            }
            exit(result)
        }
    }
#endif
