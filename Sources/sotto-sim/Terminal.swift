import Glibc

/// The two streams of a program: results on standard output, all else on standard error.
enum Terminal {
    static func say(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    static func complain(_ error: String, hint: String) {
        write("sotto-sim: error: \(error)\nsotto-sim: hint: \(hint)\n", to: STDERR_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes[start...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return }
            start += count
        }
    }
}
